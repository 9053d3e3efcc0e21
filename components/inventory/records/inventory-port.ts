import type { Host, HostChange } from '@outrider/domain/hosts'
import type { ProjectId } from '@outrider/domain/identity'
import { type Operation, type OperationChange, terminal } from '@outrider/domain/operations'
import type { AuditEntry, Inventory, InventoryTables } from '@outrider/domain/ports'
import { faults } from '../faults.ts'
import { fieldsOnLife } from '../operations/legacy-fields.ts'
import type { InventoryParts } from './deps.ts'
import type { Notifier } from './notify.ts'
import { transact, writeHost } from './transact.ts'

const PENDING_READ = 200

/** Only the fields that differ from the row, so that a write of the same again is none. */
const differing = (host: Host, change: HostChange): HostChange =>
  Object.fromEntries(
    Object.entries(change).filter(([field, value]) => !same(host[field as keyof Host], value)),
  ) as HostChange

const same = (a: unknown, b: unknown): boolean => a === b || JSON.stringify(a) === JSON.stringify(b)

const outcomeOf = (operation: Operation): AuditEntry['outcome'] => {
  if (operation.life === 'succeeded') return 'succeeded'
  return operation.life === 'failed' ? 'failed' : 'refused'
}

/** Inventory as other components of the process use it. */
export const inventoryPort = (parts: InventoryParts, notify: Notifier): Inventory => {
  const { store, clock } = parts

  const advance = async (
    tables: InventoryTables,
    project: ProjectId,
    id: string,
    epoch: number,
    change: OperationChange,
    observed: HostChange | undefined,
  ) => {
    const before = await tables.operations.get(project, id)
    if (before === undefined) return 'missing'
    const ends = change.life !== undefined && terminal.has(change.life)
    const written = await tables.operations.update(project, id, epoch, {
      ...change,
      ...(ends && change.endedAt === undefined ? { endedAt: clock.now() } : {}),
    })
    if (typeof written === 'string') return written
    if (ends && before.life !== written.life)
      await tables.audit.append({
        at: clock.now(),
        project,
        ...written.requester,
        from: '',
        act: written.kind,
        hostId: written.hostId,
        operationId: id,
        outcome: outcomeOf(written),
        ...(written.fault === undefined ? {} : { fault: written.fault }),
      })

    const host = await tables.hosts.get(project, { id: written.hostId })
    if (host === undefined) return { before, after: written, host: undefined }
    const pending = await tables.operations.list(project, {
      hostId: host.id,
      lives: ['queued', 'running'],
      order: 'oldest',
      limit: PENDING_READ,
    })
    const others = pending.items.filter((operation) => operation.id !== id)
    const changes = differing(host, { ...fieldsOnLife(host, before, written, others, clock.now()), ...observed })
    if (Object.keys(changes).length === 0) return { before, after: written, host: undefined }
    return { before, after: written, host: await writeHost(tables, host, changes, clock.now()) }
  }

  return {
    projects: (signal) => store.transaction((tables) => tables.projects.list(), signal),
    host: (project, key, signal) => store.transaction((tables) => tables.hosts.get(project, key), signal),
    hosts: (project, query, signal) => store.transaction((tables) => tables.hosts.list(project, query), signal),
    operation: (project, id, signal) => store.transaction((tables) => tables.operations.get(project, id), signal),
    operations: (project, query, signal) =>
      store.transaction((tables) => tables.operations.list(project, query), signal),
    record: (entry, signal) => store.transaction((tables) => tables.audit.append(entry), signal),

    changeHost: async (project, id, change, signal) => {
      const { host, wrote } = await transact(
        store,
        id,
        async (tables) => {
          const row = await tables.hosts.get(project, { id })
          if (row === undefined) throw faults.HOST_NOT_FOUND({ host: id })
          const changes = differing(row, change(row) ?? {})
          if (Object.keys(changes).length === 0) return { host: row, wrote: false }
          return { host: await writeHost(tables, row, changes, clock.now()), wrote: true }
        },
        signal,
      )
      if (wrote) notify.hostChanged(host)
      return host
    },

    advanceOperation: async (project, id, epoch, change, observed, signal) => {
      const outcome = await transact(
        store,
        id,
        (tables) => advance(tables, project, id, epoch, change, observed),
        signal,
      )
      if (typeof outcome === 'string') return outcome
      if (outcome.host !== undefined) notify.hostChanged(outcome.host)
      notify.advanced(outcome.before, outcome.after, change.addSteps ?? [])
      return outcome.after
    },
  }
}
