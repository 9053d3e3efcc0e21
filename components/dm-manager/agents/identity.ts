import { conditionOf, type Host, type HostChange, withCondition, withoutConditions } from '@outrider/domain/hosts'
import type { Clock, EventSink, Inventory } from '@outrider/domain/ports'
import { type Guid, isUnsetGuid } from '@outrider/protocols/values'
import { dmManagerFaults } from '../faults.ts'
import type { HostRef } from '../host-ref.ts'

export interface IdentityDeps {
  readonly inventory: Inventory
  readonly clock: Clock
  readonly events: EventSink
}

/** Another host has what this machine says of itself. */
export interface Conflict {
  readonly guid: Guid
  readonly other: Host
}

/** Whether another host of the project has one of these UUIDs, as its BIOS' or as its engine's. */
export const findConflict = async (
  { project, hostId }: HostRef,
  guids: readonly (Guid | undefined)[],
  { inventory }: Pick<IdentityDeps, 'inventory'>,
  signal: AbortSignal,
): Promise<Conflict | undefined> => {
  for (const guid of guids) {
    // Boards that nobody has set up all say the same, which tells them apart from nobody.
    if (guid === undefined || isUnsetGuid(guid)) continue
    for (const key of [{ uuid: guid }, { amtGuid: guid }]) {
      const other = await inventory.host(project, key, signal)
      if (other !== undefined && other.id !== hostId) return { guid, other }
    }
  }
  return undefined
}

/**
 * Shows a conflict on both hosts, and on the audit when it is new; without one, takes back what was shown. The
 * identity stays with the host that has it.
 */
export const settleConflict = async (
  host: Host,
  conflict: Conflict | undefined,
  detected: HostChange,
  deps: IdentityDeps,
  signal: AbortSignal,
): Promise<void> => {
  const { inventory, clock, events } = deps
  const { project, id, name } = host
  const before = conditionOf(host, 'duplicate-identity')
  if (before !== undefined && before.other !== conflict?.other.id) await releaseClaim(before.other, host, deps, signal)
  if (conflict === undefined) return
  const { guid, other } = conflict
  const since = clock.now()
  const fault = dmManagerFaults.DUPLICATE_IDENTITY({ host: name, guid, other: other.name }).record()
  const duplicate = { type: 'duplicate-identity', other: other.id, fault, since } as const
  await inventory.changeHost(
    project,
    id,
    (row) => ({ ...detected, ...(isKnown(row, other.id) ? {} : { conditions: withCondition(row, duplicate) }) }),
    signal,
  )
  if (before?.other === other.id) return
  const claim = dmManagerFaults.IDENTITY_CLAIMED({ host: other.name, guid, other: name }).record()
  const claimed = { type: 'identity-claimed', other: id, fault: claim, since } as const
  await inventory.changeHost(project, other.id, (row) => ({ conditions: withCondition(row, claimed) }), signal)
  events.emit('host.identity-conflict', { host: id, other: other.id, guid })
  const entry = { at: since, project, subject: id, name, from: '', act: 'report-identity', hostId: id } as const
  await inventory.record({ ...entry, outcome: 'refused', fault }, signal)
}

const isKnown = (row: Host, other: string): boolean => conditionOf(row, 'duplicate-identity')?.other === other

/** What a host whose machine reports no conflict is to lose of what was shown before. */
export const withoutConflict = (row: Host): HostChange =>
  conditionOf(row, 'duplicate-identity') === undefined
    ? {}
    : { conditions: withoutConditions(row, 'duplicate-identity') }

const releaseClaim = async (
  other: string,
  { project, id }: Host,
  { inventory }: IdentityDeps,
  signal: AbortSignal,
): Promise<void> => {
  const owner = await inventory.host(project, { id: other }, signal)
  if (owner === undefined || conditionOf(owner, 'identity-claimed')?.other !== id) return
  const change = (row: Host) => ({ conditions: withoutConditions(row, 'identity-claimed') })
  await inventory.changeHost(project, other, change, signal)
}
