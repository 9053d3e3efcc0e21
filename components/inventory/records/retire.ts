import { conditionOf, type Host } from '@outrider/domain/hosts'
import type { ProjectId } from '@outrider/domain/identity'
import type { Operation } from '@outrider/domain/operations'
import type { AuditEntry, InventoryTables } from '@outrider/domain/ports'
import { seconds } from '@outrider/protocols/values'
import { faults } from '../faults.ts'
import { mayBeActivated } from '../operations/decide.ts'
import { fieldsOnRequest } from '../operations/legacy-fields.ts'
import { beginRetirement, type RetireAct, retired } from '../operations/retirement.ts'
import type { InventoryParts } from './deps.ts'
import type { Notifier } from './notify.ts'
import { type Requester, type Requests, situationOf } from './requests.ts'
import { transact, writeHost } from './transact.ts'

export interface RetireRequest {
  readonly project: ProjectId
  readonly id: string
  readonly act: RetireAct
  readonly note: string
  readonly requester: Requester
  /** Of a deletion: gives up a machine that may be activated. Its firmware then keeps credentials nobody has. */
  readonly force: boolean
}

/** What a request to let a host go has come to. */
export interface Retired {
  /** The deactivation it waits for; absent where it is done. */
  readonly operation?: Operation
}

interface Prepared {
  readonly host: Host
  /** Queued operations that end with it, before and after. */
  readonly cancelled: readonly (readonly [Operation, Operation])[]
  /** The deactivation that goes first. */
  readonly first?: { readonly operation: Operation; readonly fresh: boolean }
}

/** More than this many hosts were never left half retired by one crash. */
const RESUMED = 1000
const OURSELVES: Requester = { subject: 'inventory', name: 'inventory', from: '' }
const FIRST_PAUSE = seconds(1)
const LONGEST_PAUSE = seconds(60)

/** Ends what we know of a host, never while its firmware may hold credentials of ours. */
export const createRetire = (parts: InventoryParts, notify: Notifier, requests: Requests) => {
  const { store, clock, agentCredentials, config } = parts
  const stopping = new AbortController()
  const finishing = new Map<string, Promise<void>>()

  const audit = (
    { project, id: hostId, requester }: Pick<RetireRequest, 'project' | 'id' | 'requester'>,
    act: string,
    outcome: AuditEntry['outcome'],
    more: Partial<AuditEntry> = {},
  ): AuditEntry => ({ at: clock.now(), project, ...requester, act, hostId, outcome, ...more })

  const actOf = ({ act, force }: RetireRequest): string => (force ? `force-${act}` : act)

  /** Ends what is queued. Throws `HOST_BUSY` where somebody began it in this moment. */
  const cancel = async (tables: InventoryTables, host: Host, queued: readonly Operation[]) => {
    const cancelled: (readonly [Operation, Operation])[] = []
    for (const operation of queued) {
      const change = { life: 'cancelled' as const, endedAt: clock.now() }
      const written = await tables.operations.update(host.project, operation.id, operation.epoch, change)
      if (typeof written === 'string') throw faults.HOST_BUSY({ host: host.name, operation: operation.id })
      cancelled.push([operation, written])
    }
    return cancelled
  }

  /** Throws `HOST_NOT_FOUND` and `HOST_BUSY`. */
  const prepare = async (tables: InventoryTables, request: RetireRequest): Promise<Prepared> => {
    const { project, id, act, note, requester, force } = request
    const at = clock.now()
    const host = await tables.hosts.get(project, { id })
    if (host === undefined) throw faults.HOST_NOT_FOUND({ host: id })
    const { pending, lastAmt } = await situationOf(tables, project, id, config.pendingPerHost)
    const running = force ? undefined : pending.find(({ life }) => life === 'running')
    await tables.enrolments.deleteOf(project, id)
    const gone = host.state === 'deleted' || host.state === 'untrusted'
    if (gone || force || (running === undefined && !mayBeActivated(host, lastAmt))) {
      const cancelled = await cancel(
        tables,
        host,
        pending.filter(({ life }) => life === 'queued'),
      )
      const change = host.state === 'deleted' ? {} : retired(host, act, note, at)
      const written = await writeHost(tables, host, change, at)
      if (act !== 'delete-host') await tables.audit.append(audit(request, actOf(request), 'succeeded'))
      return { host: written, cancelled }
    }

    // A deactivation that is under way, or waits already, is the one to wait for.
    const known = pending.findLast(({ kind }) => kind === 'deactivate')
    const others = pending.filter((operation) => operation !== known && operation.life === 'queued')
    const cancelled = await cancel(tables, host, others)
    const ahead = running === undefined || running === known ? [] : [running]
    const operation = known ?? requests.operation({ requester }, host, { kind: 'deactivate' }, ahead)
    if (known === undefined) {
      await tables.operations.insert(operation)
      await tables.audit.append(audit(request, 'deactivate', 'requested', { operationId: operation.id }))
    }
    await tables.audit.append(audit(request, actOf(request), 'requested', { operationId: operation.id }))
    const written = await writeHost(
      tables,
      host,
      {
        ...(known === undefined ? fieldsOnRequest(host, 'deactivate', ahead, at) : {}),
        ...beginRetirement(host, act, operation.id, { note, requester }, at),
      },
      at,
    )
    return { host: written, cancelled, first: { operation, fresh: known === undefined } }
  }

  /** The second half, once the row says that the host is gone: its credentials end, and of a deletion the row. */
  const finish = async (project: ProjectId, id: string, by: Requester, act: string, signal: AbortSignal) => {
    await agentCredentials.revoke(project, id, signal)
    const gone = await store.transaction(async (tables) => {
      const host = await tables.hosts.get(project, { id })
      if (host?.state !== 'deleted') return undefined
      await tables.hosts.delete(project, id)
      const requester = by === OURSELVES ? (conditionOf(host, 'retiring')?.requester ?? by) : by
      await tables.audit.append(audit({ project, id, requester }, act, 'succeeded'))
      return host
    }, signal)
    if (gone !== undefined) notify.hostChanged(gone)
  }

  /** The same, for as long as it takes: the stores may be away just now. */
  const finishInTheEnd = async (project: ProjectId, id: string): Promise<void> => {
    for (let pause = FIRST_PAUSE; !stopping.signal.aborted; pause = Math.min(2 * pause, LONGEST_PAUSE)) {
      try {
        await finish(project, id, OURSELVES, 'delete-host', stopping.signal)
        return
      } catch {
        await clock.sleep(pause, stopping.signal).catch(() => undefined)
      }
    }
  }

  return {
    /**
     * Lets a host go: at once where its machine is not activated, else as soon as it has been deactivated, which
     * is an operation. What a crash leaves half done is finished by `resume`. Throws `HOST_NOT_FOUND`, `HOST_BUSY`.
     */
    request: async (request: RetireRequest, signal: AbortSignal): Promise<Retired> => {
      const { project, id, requester } = request
      const { host, cancelled, first } = await transact(store, id, (tables) => prepare(tables, request), signal)
      for (const [before, after] of cancelled) notify.advanced(before, after, [])
      if (first?.fresh === true) notify.requested(first.operation)
      if (first === undefined) await finish(project, id, requester, actOf(request), signal)
      notify.hostChanged(host)
      return first === undefined ? {} : { operation: first.operation }
    },

    /** A host whose deactivation has just succeeded. Returns at once. */
    complete: ({ project, id }: Host): void => {
      const key = `${project}/${id}`
      if (finishing.has(key)) return
      const work = finishInTheEnd(project, id).finally(() => finishing.delete(key))
      finishing.set(key, work)
    },

    /** Ends the credentials a crash left to hosts that were deleted or deauthorised. */
    resume: async (signal: AbortSignal): Promise<void> => {
      const projects = await store.transaction((tables) => tables.projects.list(), signal)
      for (const { id: project } of projects)
        for (const state of ['deleted', 'untrusted'] as const) {
          const page = await store.transaction(
            (tables) => tables.hosts.list(project, { where: { state }, limit: RESUMED }),
            signal,
          )
          for (const { id } of page.items) await finish(project, id, OURSELVES, 'delete-host', signal)
        }
    },

    stop: async (): Promise<void> => {
      stopping.abort()
      await Promise.all(finishing.values())
    },
  }
}
export type Retire = ReturnType<typeof createRetire>
