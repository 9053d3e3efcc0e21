import type { Host } from '@outrider/domain/hosts'
import type { ProjectId } from '@outrider/domain/identity'
import type { Operation } from '@outrider/domain/operations'
import type { AuditEntry, InventoryTables } from '@outrider/domain/ports'
import { faults } from '../faults.ts'
import { mayBeActivated } from '../operations/decide.ts'
import type { InventoryParts } from './deps.ts'
import type { Notifier } from './notify.ts'
import { type Requester, situationOf } from './requests.ts'
import { transact, writeHost } from './transact.ts'

interface Retired {
  readonly host: Host
  /** Queued operations that end with it, before and after. */
  readonly cancelled: readonly (readonly [Operation, Operation])[]
}

/** More than this many hosts were never left half retired by one crash. */
const RESUMED = 1000
const OURSELVES: Requester = { subject: 'inventory', name: 'inventory', from: '' }

/** Ends what we know of a host, never while its firmware may hold credentials of ours. */
export const createRetire = (parts: InventoryParts, notify: Notifier) => {
  const { store, clock, agentCredentials, config } = parts

  const audit = (
    project: ProjectId,
    id: string,
    act: string,
    requester: Requester,
    outcome: AuditEntry['outcome'],
  ): AuditEntry => ({ at: clock.now(), project, ...requester, act, hostId: id, outcome })

  /** Throws `HOST_NOT_FOUND`, `HOST_BUSY` and, without `force`, `HOST_STILL_PROVISIONED`. Cancels what is queued. */
  const prepare = async (tables: InventoryTables, project: ProjectId, id: string, force: boolean): Promise<Retired> => {
    const host = await tables.hosts.get(project, { id })
    if (host === undefined) throw faults.HOST_NOT_FOUND({ host: id })
    const situation = await situationOf(tables, project, id, config.pendingPerHost)
    const running = situation.pending.find((operation) => operation.life === 'running')
    if (running !== undefined) throw faults.HOST_BUSY({ host: host.name, operation: running.id })
    if (!force && mayBeActivated(host, situation.lastAmt)) throw faults.HOST_STILL_PROVISIONED({ host: host.name })
    const cancelled: (readonly [Operation, Operation])[] = []
    for (const operation of situation.pending) {
      const written = await tables.operations.update(project, operation.id, operation.epoch, {
        life: 'cancelled',
        endedAt: clock.now(),
      })
      // Somebody began it in this moment.
      if (typeof written === 'string') throw faults.HOST_BUSY({ host: host.name, operation: operation.id })
      cancelled.push([operation, written])
    }
    await tables.enrolments.deleteOf(project, id)
    return { host, cancelled }
  }

  const tell = ({ host, cancelled }: Retired): void => {
    for (const [before, after] of cancelled) notify.advanced(before, after, [])
    notify.hostChanged(host)
  }

  /** The second half of a deletion, once the row says that it goes. */
  const finish = async (
    project: ProjectId,
    id: string,
    requester: Requester,
    act: string,
    signal: AbortSignal,
  ): Promise<void> => {
    await agentCredentials.revoke(project, id, signal)
    await store.transaction(async (tables) => {
      if ((await tables.hosts.delete(project, id)) === 'missing') return
      await tables.audit.append(audit(project, id, act, requester, 'succeeded'))
    }, signal)
  }

  return {
    /**
     * Deletes a host; what a crash leaves half done is finished by `resume` or by the next call. `force` gives up
     * a machine that may be activated: its firmware then keeps credentials nobody has, and only clearing its
     * CMOS helps.
     */
    remove: async (
      project: ProjectId,
      id: string,
      force: boolean,
      requester: Requester,
      signal: AbortSignal,
    ): Promise<void> => {
      const retired = await transact(
        store,
        id,
        async (tables) => {
          const prepared = await prepare(tables, project, id, force)
          // From here on nothing new begins on it, while its credentials end.
          const host = await writeHost(tables, prepared.host, { state: 'deleted' }, clock.now())
          return { ...prepared, host }
        },
        signal,
      )
      await finish(project, id, requester, force ? 'force-delete-host' : 'delete-host', signal)
      tell(retired)
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
          for (const { id } of page.items)
            if (state === 'untrusted') await agentCredentials.revoke(project, id, signal)
            else await finish(project, id, OURSELVES, 'delete-host', signal)
        }
    },

    deauthorise: async (
      project: ProjectId,
      id: string,
      note: string,
      requester: Requester,
      signal: AbortSignal,
    ): Promise<void> => {
      const retired = await transact(
        store,
        id,
        async (tables) => {
          const prepared = await prepare(tables, project, id, false)
          const at = clock.now()
          const text = note === '' ? 'Invalidated' : `Invalidated: ${note}`
          const change = { state: 'untrusted' as const, hostStatus: { text, indicator: 'idle' as const, at } }
          const host = await writeHost(tables, prepared.host, change, at)
          await tables.audit.append(audit(project, id, 'deauthorise-host', requester, 'succeeded'))
          return { ...prepared, host }
        },
        signal,
      )
      tell(retired)
      await agentCredentials.revoke(project, id, signal)
    },
  }
}
export type Retire = ReturnType<typeof createRetire>
