import { conditionOf, type Host, type HostChange } from '@outrider/domain/hosts'
import type { ProjectId } from '@outrider/domain/identity'
import { type Operation, type OperationChange, type OperationKind, terminal } from '@outrider/domain/operations'
import type { AuditEntry, Inventory, InventoryTables } from '@outrider/domain/ports'
import type { Guid } from '@outrider/protocols/values'
import { faults } from '../faults.ts'
import type { Wish } from '../operations/decide.ts'
import { fieldsOnLife } from '../operations/legacy-fields.ts'
import { afterDeactivation } from '../operations/retirement.ts'
import type { InventoryParts } from './deps.ts'
import type { Notifier } from './notify.ts'
import type { Requests } from './requests.ts'
import type { Retire } from './retire.ts'
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

/** The host a device belongs to: by the UUID its engine says, or the one its BIOS says. */
const hostOfDevice = async (tables: InventoryTables, project: ProjectId, guid: Guid): Promise<Host | undefined> =>
  (await tables.hosts.get(project, { amtGuid: guid })) ?? tables.hosts.get(project, { uuid: guid })

/** An act with the control mode that is meant where none is named. */
const activation = (host: Host, kind: OperationKind, named: Wish['controlMode']): Wish => {
  const mode = named ?? host.desiredControlMode
  return { kind, ...(kind !== 'activate' || mode === 'none' ? {} : { controlMode: mode }) }
}

/** Inventory as other components of the process use it. */
export const inventoryPort = (
  parts: InventoryParts,
  notify: Notifier,
  requests: Requests,
  retire: Pick<Retire, 'complete'>,
): Inventory => {
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
        from: '',
        ...written.requester,
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
    const retiring = conditionOf(host, 'retiring')
    const changes = differing(host, {
      ...fieldsOnLife(host, before, written, others, clock.now()),
      ...observed,
      ...(ends && retiring?.operationId === id ? afterDeactivation(host, retiring, written, clock.now()) : {}),
    })
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

    record: ({ guid, ...entry }, signal) =>
      store.transaction(async (tables) => {
        const host = guid === undefined ? undefined : await hostOfDevice(tables, entry.project, guid)
        await tables.audit.append({
          ...(host === undefined ? {} : { hostId: host.id }),
          ...entry,
          ...(guid === undefined ? {} : { guid }),
        })
      }, signal),

    request: async (project, id, asked, signal) => {
      const { kind, controlMode, requester, idempotencyKey } = asked
      const requested = await requests.change(
        {
          project,
          id,
          requester: { ...requester, from: '' },
          act: kind,
          idempotencyKey,
          edit: (host) => ({ fields: {}, wishes: [activation(host, kind, controlMode)] }),
        },
        signal,
      )
      return requested.operations[0]!
    },

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
      const { host } = outcome
      if (host !== undefined) notify.hostChanged(host)
      notify.advanced(outcome.before, outcome.after, change.addSteps ?? [])
      if (host?.state === 'deleted' || host?.state === 'untrusted') retire.complete(host)
      return outcome.after
    },
  }
}
