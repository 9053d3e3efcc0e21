import type { ControlMode, Host, HostChange } from '../hosts/index.ts'
import type { Project, ProjectId } from '../identity/index.ts'
import type { Operation, OperationChange, OperationKind } from '../operations/index.ts'
import type { AuditEntry, HostKey, HostQuery, OperationQuery } from './inventory-store.ts'
import type { Page } from './page.ts'

/** How other components use inventory: a function call in one process, a remote call in its own pod. */
export interface Inventory {
  projects(signal: AbortSignal): Promise<readonly Project[]>
  host(project: ProjectId, key: HostKey, signal: AbortSignal): Promise<Host | undefined>
  hosts(project: ProjectId, query: HostQuery, signal: AbortSignal): Promise<Page<Host>>
  /**
   * Writes what was observed of a host. `change` is computed from the row it is given and again where somebody
   * else wrote meanwhile; `undefined` = nothing to write. Returns the row as it is then. Throws `HOST_NOT_FOUND`.
   */
  changeHost(
    project: ProjectId,
    id: string,
    change: (host: Host) => HostChange | undefined,
    signal: AbortSignal,
  ): Promise<Host>
  operation(project: ProjectId, id: string, signal: AbortSignal): Promise<Operation | undefined>
  operations(project: ProjectId, query: OperationQuery, signal: AbortSignal): Promise<Page<Operation>>
  /** Writes progress or the end of an operation and keeps the legacy host fields true in the same transaction. */
  advanceOperation(
    project: ProjectId,
    id: string,
    epoch: number,
    change: OperationChange,
    host: HostChange | undefined,
    signal: AbortSignal,
  ): Promise<Operation | 'stale' | 'ended' | 'missing'>
  /**
   * Asks for an act in somebody's name, as a write of the desired state does: it is judged, recorded and queued, or
   * recorded as refused. The same key names the same operation. Throws `HOST_NOT_FOUND`, `HOST_CONTENDED`.
   */
  request(project: ProjectId, id: string, asked: ActRequest, signal: AbortSignal): Promise<Operation>
  record(entry: AuditEntry, signal: AbortSignal): Promise<void>
}

/** An act that is asked for by something other than a northbound client. */
export interface ActRequest {
  readonly kind: OperationKind
  /** Of an activation; else the mode the host carries. */
  readonly controlMode?: Exclude<ControlMode, 'none'>
  readonly requester: { readonly subject: string; readonly name: string }
  readonly idempotencyKey: string
}
