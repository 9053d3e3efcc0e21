import type { Role } from '@outrider/protocols/rest'
import type { EpochMilliseconds } from '@outrider/protocols/values'
import type { ProjectId } from '../identity/index.ts'

/** A person or client who may log in to the embedded issuer. */
export interface Account {
  /** Stable id: the token's `sub`. */
  readonly id: string
  readonly kind: 'user' | 'client' | 'agent'
  /** Login name or client id; unique. */
  readonly name: string
  /** Salted scrypt hash with its parameters; never the password. */
  readonly passwordHash: string
  readonly grants: readonly { readonly project: ProjectId; readonly role: Role }[]
  /** Of an agent: its one host. */
  readonly hostId?: string
  readonly failedLogins: number
  readonly lockedUntil?: EpochMilliseconds
  readonly createdAt: EpochMilliseconds
}

export interface IssuerStore {
  readonly accounts: {
    get(id: string, signal: AbortSignal): Promise<Account | undefined>
    byName(name: string, signal: AbortSignal): Promise<Account | undefined>
    insert(account: Account, signal: AbortSignal): Promise<'inserted' | 'duplicate'>
    update(
      id: string,
      change: Partial<Pick<Account, 'passwordHash' | 'grants' | 'failedLogins' | 'lockedUntil'>>,
      signal: AbortSignal,
    ): Promise<'updated' | 'missing'>
    delete(id: string, signal: AbortSignal): Promise<'deleted' | 'missing'>
    ofHost(project: ProjectId, hostId: string, signal: AbortSignal): Promise<readonly Account[]>
  }
  /** State of the authorization server: sessions, grants, refresh tokens, by model and id. */
  readonly records: {
    upsert(record: IssuerRecord, signal: AbortSignal): Promise<void>
    find(model: string, id: string, signal: AbortSignal): Promise<IssuerRecord | undefined>
    findBy(
      model: string,
      field: 'uid' | 'userCode',
      value: string,
      signal: AbortSignal,
    ): Promise<IssuerRecord | undefined>
    consume(model: string, id: string, at: EpochMilliseconds, signal: AbortSignal): Promise<void>
    destroy(model: string, id: string, signal: AbortSignal): Promise<void>
    revokeByGrant(grantId: string, signal: AbortSignal): Promise<void>
    /** Everything whose `payload.accountId` this is. */
    revokeByAccount(accountId: string, signal: AbortSignal): Promise<void>
    purge(before: EpochMilliseconds, signal: AbortSignal): Promise<number>
  }
}

export interface IssuerRecord {
  readonly model: string
  readonly id: string
  readonly payload: Readonly<Record<string, unknown>>
  readonly grantId?: string
  readonly uid?: string
  readonly userCode?: string
  readonly consumedAt?: EpochMilliseconds
  readonly expiresAt?: EpochMilliseconds
}
