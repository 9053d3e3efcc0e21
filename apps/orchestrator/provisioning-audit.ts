import type { ProjectId } from '@outrider/domain/identity'
import type { Clock, EventSink, Inventory } from '@outrider/domain/ports'
import { type FaultRecord, minutes, parseGuid } from '@outrider/protocols/values'
import { auditBudget } from './audit-budget.ts'
import { causeOf } from './lifecycle/index.ts'

/** The same refusal of the same peer is recorded now and then: whoever knocks in vain knocks often. */
const REPEATED = minutes(10)
const MOST_REMEMBERED = 1_000
const PATIENCE_MILLISECONDS = 5_000

/**
 * Provisioning clients that were turned away, on the audit of the project whose host has their device, else of the
 * first project.
 */
export const provisioningAudit = (
  inventory: Pick<Inventory, 'projects' | 'host' | 'record'>,
  firstProject: ProjectId,
  { clock, events }: { readonly clock: Clock; readonly events: EventSink },
) => {
  const recent = new Map<string, number>()
  const budget = auditBudget(clock)

  const record = async (refusal: { readonly fault: FaultRecord; readonly guid: string; readonly from: string }) => {
    const signal = AbortSignal.timeout(PATIENCE_MILLISECONDS)
    const guid = parseGuid(refusal.guid)
    let project = firstProject
    for (const { id } of guid === undefined ? [] : await inventory.projects(signal))
      if ((await inventory.host(id, { amtGuid: guid! }, signal)) !== undefined) project = id
    await inventory.record(
      {
        at: clock.now(),
        project,
        subject: '',
        name: 'provisioning client',
        from: refusal.from,
        act: 'provision',
        ...(guid === undefined ? {} : { guid }),
        outcome: 'refused',
        fault: refusal.fault,
      },
      signal,
    )
  }

  return (refusal: Parameters<typeof record>[0]): void => {
    const key = `${refusal.from} ${refusal.guid} ${refusal.fault.code}`
    const now = clock.monotonic()
    const before = recent.get(key)
    if ((before !== undefined && now - before < REPEATED) || !budget()) return
    if (recent.size >= MOST_REMEMBERED) recent.clear()
    recent.set(key, now)
    record(refusal).catch((error: unknown) =>
      events.emit('service.error', { where: 'audit of provision', cause: causeOf(error) }),
    )
  }
}
