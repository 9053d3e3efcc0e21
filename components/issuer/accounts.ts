import { randomUUID } from 'node:crypto'
import type { ProjectId } from '@outrider/domain/identity'
import type { Account, AgentCredentials, Clock, IssuerStore, Random } from '@outrider/domain/ports'
import type { Role } from '@outrider/protocols/rest'
import { type Secret, secret } from '@outrider/protocols/values'
import { faults } from './faults.ts'
import { forMachines, forPeople, hashPassword, passwordMatches } from './passwords.ts'

export type Grants = readonly { readonly project: ProjectId; readonly role: Role }[]

const SHORTEST_PASSWORD = 8
const SECRET_BYTES = 32

/** Who may log in, and what they may. */
export class Accounts {
  readonly #store: IssuerStore
  readonly #clock: Clock
  readonly #random: Random

  constructor(store: IssuerStore, clock: Clock, random: Random) {
    this.#store = store
    this.#clock = clock
    this.#random = random
  }

  /**
   * Makes sure that this person exists with these grants. With a password it is theirs from now on: logins by an
   * older one end, and so does a lock. Throws `PASSWORD_TOO_SHORT`; `ACCOUNT_NOT_FOUND` where they are new and no password is given.
   */
  async ensureUser(
    name: string,
    password: Secret | undefined,
    grants: Grants,
    signal: AbortSignal,
  ): Promise<'created' | 'kept' | 'changed'> {
    if (password !== undefined && password.reveal().length < SHORTEST_PASSWORD)
      throw faults.PASSWORD_TOO_SHORT({ shortest: SHORTEST_PASSWORD })
    const account = await this.#store.accounts.byName(name, signal)
    if (account === undefined) {
      if (password === undefined) throw faults.ACCOUNT_NOT_FOUND({ name })
      return (await this.#insert('user', randomUUID(), name, password, grants, signal)) ? 'created' : 'kept'
    }
    await this.#store.accounts.update(account.id, { grants }, signal)
    if (password === undefined || (await passwordMatches(password.reveal(), account.passwordHash))) return 'kept'
    const passwordHash = await hashPassword(password, forPeople, this.#random)
    // First: where this is cut short, the password is still the older one and all of it is done again.
    await this.#store.records.revokeByAccount(account.id, signal)
    await this.#store.accounts.update(account.id, { passwordHash, failedLogins: 0, lockedUntil: 0 }, signal)
    return 'changed'
  }

  /** A new person. Throws `ACCOUNT_NAME_TAKEN`, `PASSWORD_TOO_SHORT`. */
  async createUser(name: string, password: Secret, grants: Grants, signal: AbortSignal): Promise<void> {
    if (password.reveal().length < SHORTEST_PASSWORD) throw faults.PASSWORD_TOO_SHORT({ shortest: SHORTEST_PASSWORD })
    if (!(await this.#insert('user', randomUUID(), name, password, grants, signal)))
      throw faults.ACCOUNT_NAME_TAKEN({ name })
  }

  /** A new program with client credentials. Returns its secret, which is told this once. Throws `ACCOUNT_NAME_TAKEN`. */
  async createClient(name: string, grants: Grants, signal: AbortSignal): Promise<Secret> {
    const clientSecret = this.#newSecret()
    if (!(await this.#insert('client', name, name, clientSecret, grants, signal)))
      throw faults.ACCOUNT_NAME_TAKEN({ name })
    return clientSecret
  }

  /** What this person or program may from their next token on. Throws `ACCOUNT_NOT_FOUND`. */
  async setGrants(name: string, grants: Grants, signal: AbortSignal): Promise<void> {
    const account = await this.#store.accounts.byName(name, signal)
    if (account === undefined) throw faults.ACCOUNT_NOT_FOUND({ name })
    await this.#store.accounts.update(account.id, { grants }, signal)
  }

  /** Gets no new token from now on. Throws `ACCOUNT_NOT_FOUND`. */
  async remove(name: string, signal: AbortSignal): Promise<void> {
    const account = await this.#store.accounts.byName(name, signal)
    if (account === undefined) throw faults.ACCOUNT_NOT_FOUND({ name })
    await this.#store.accounts.delete(account.id, signal)
  }

  async exists(name: string, signal: AbortSignal): Promise<boolean> {
    return (await this.#store.accounts.byName(name, signal)) !== undefined
  }

  /** Client credentials of nodes: `edgenode-<uuid>`, bound to one host. Tokens already out end by themselves. */
  readonly agents: AgentCredentials = {
    create: async (project, hostId, signal) => {
      const older = await this.#store.accounts.ofHost(project, hostId, signal)
      const clientId = `edgenode-${randomUUID()}`
      const clientSecret = this.#newSecret()
      const grants: Grants = [{ project, role: 'agent' }]
      await this.#insert('agent', clientId, clientId, clientSecret, grants, signal, hostId)
      for (const account of older) await this.#store.accounts.delete(account.id, signal)
      return { clientId, clientSecret }
    },
    revoke: async (project, hostId, signal) => {
      for (const account of await this.#store.accounts.ofHost(project, hostId, signal))
        await this.#store.accounts.delete(account.id, signal)
    },
  }

  #newSecret(): Secret {
    return secret(Buffer.from(this.#random.bytes(SECRET_BYTES)).toString('base64url'))
  }

  async #insert(
    kind: Account['kind'],
    id: string,
    name: string,
    password: Secret,
    grants: Grants,
    signal: AbortSignal,
    hostId?: string,
  ): Promise<boolean> {
    const passwordHash = await hashPassword(password, kind === 'user' ? forPeople : forMachines, this.#random)
    const account: Account = {
      id,
      kind,
      name,
      passwordHash,
      grants,
      failedLogins: 0,
      createdAt: this.#clock.now(),
      ...(hostId !== undefined && { hostId }),
    }
    return (await this.#store.accounts.insert(account, signal)) === 'inserted'
  }
}
