import type { EpochMilliseconds, FaultRecord, Guid } from '@outrider/protocols/values'
import type { Host, HostChange } from '../hosts/index.ts'
import type { Project, ProjectId } from '../identity/index.ts'
import type { Operation, OperationChange, OperationKind, OperationLife } from '../operations/index.ts'
import type { Page } from './page.ts'

/** By exactly one of these a host is found. */
export type HostKey =
  | { readonly id: string }
  | { readonly name: string }
  | { readonly serial: string }
  | { readonly uuid: Guid }
  | { readonly amtGuid: Guid }

export interface HostQuery {
  /** Rows whose field equals the value; all must hold. */
  readonly where?: Partial<
    Pick<Host, 'name' | 'serial' | 'uuid' | 'amtGuid' | 'currentAmt' | 'desiredAmt' | 'state' | 'policy'>
  >
  readonly orderBy?: 'createdAt' | 'name' | 'serial'
  readonly descending?: boolean
  readonly after?: string
  readonly limit: number
}

export interface OperationQuery {
  readonly hostId?: string
  readonly lives?: readonly OperationLife[]
  readonly kinds?: readonly OperationKind[]
  /** Newest first unless `'oldest'`. */
  readonly order?: 'newest' | 'oldest'
  readonly after?: string
  readonly limit: number
}

/** Who did what to which host, from where, with which outcome: append-only. */
export interface AuditEntry {
  readonly at: EpochMilliseconds
  readonly project: ProjectId
  readonly subject: string
  readonly name: string
  readonly from: string
  /** What was asked, e.g. `power-off`, `create-host`, `login`. */
  readonly act: string
  readonly hostId?: string
  readonly operationId?: string
  /** What it was done to, where that is neither a host nor a device: the name of a profile, for example. */
  readonly target?: string
  /** The device, of acts that reach it around its host; what is recorded names the host too, where one has it. */
  readonly guid?: Guid
  readonly outcome: 'requested' | 'succeeded' | 'failed' | 'refused'
  readonly fault?: FaultRecord
}

/** A one-time enrolment token as stored: only its hash (architecture 6). */
export interface Enrolment {
  /** SHA-256 of the token, lower-case hexadecimal. */
  readonly tokenHash: string
  readonly project: ProjectId
  readonly hostId: string
  readonly expiresAt: EpochMilliseconds
  readonly usedAt?: EpochMilliseconds
}

/** The tables of inventory inside one transaction. Every method names the project first: there is no "all projects". */
export interface InventoryTables {
  readonly projects: {
    list(): Promise<readonly Project[]>
    get(id: ProjectId): Promise<Project | undefined>
    byName(name: string): Promise<Project | undefined>
    /** `'duplicate'` where id or name is taken. */
    insert(project: Project): Promise<'inserted' | 'duplicate'>
    delete(id: ProjectId): Promise<'deleted' | 'missing'>
  }
  readonly hosts: {
    get(project: ProjectId, key: HostKey): Promise<Host | undefined>
    /** Found by an id of its hardware in any project: only to refuse a UUID or serial that is taken elsewhere. */
    insert(host: Host): Promise<'inserted' | { readonly duplicate: 'id' | 'name' | 'serial' | 'uuid' | 'amtGuid' }>
    /** Writes `change` where the row still has `revision`; returns the new row. */
    update(
      project: ProjectId,
      id: string,
      revision: number,
      change: HostChange,
      at: EpochMilliseconds,
    ): Promise<Host | 'stale' | 'missing' | { readonly duplicate: 'name' | 'serial' | 'uuid' | 'amtGuid' }>
    delete(project: ProjectId, id: string): Promise<'deleted' | 'missing'>
    list(project: ProjectId, query: HostQuery): Promise<Page<Host>>
    count(project: ProjectId, where?: HostQuery['where']): Promise<number>
  }
  readonly operations: {
    /** `{ existing }` where the project already used this idempotency key. */
    insert(operation: Operation): Promise<'inserted' | { readonly existing: Operation }>
    get(project: ProjectId, id: string): Promise<Operation | undefined>
    /** Writes `change` under `epoch`: `'stale'` where a newer epoch has written since; an ended operation never changes (`'ended'`). */
    update(
      project: ProjectId,
      id: string,
      epoch: number,
      change: OperationChange,
    ): Promise<Operation | 'stale' | 'ended' | 'missing'>
    list(project: ProjectId, query: OperationQuery): Promise<Page<Operation>>
  }
  readonly audit: {
    append(entry: AuditEntry): Promise<void>
    list(project: ProjectId, query: { hostId?: string; after?: string; limit: number }): Promise<Page<AuditEntry>>
  }
  readonly enrolments: {
    insert(enrolment: Enrolment): Promise<void>
    /** Marks the token used, once: `undefined` where it is unknown, used or expired. */
    use(tokenHash: string, at: EpochMilliseconds): Promise<Enrolment | undefined>
    deleteOf(project: ProjectId, hostId: string): Promise<void>
  }
}

/** What inventory keeps. */
export interface InventoryStore {
  /** Runs `work` in one transaction: all of its writes or none. `work` touches nothing but `tables`. */
  transaction<T>(work: (tables: InventoryTables) => Promise<T>, signal: AbortSignal): Promise<T>
}
