import type { Operation } from '@outrider/domain/operations'
import { orderSpan, type Step, writeMemo } from '@outrider/domain/reconcile'
import { Fault, faultStatus, minutes, type Secret, secret, toHex } from '@outrider/protocols/values'
import type { Turn } from './drive.ts'

/** A ticket outlives its order by so much: RPC may present it in the last moment. */
const TICKET_GRACE = minutes(1)

/**
 * Gives the agent an order: the ticket first, then the record, then the agent. A crash in between leaves a
 * ticket nobody has heard of, or an order that is known to be lost.
 */
export const giveOrder = async (
  it: Turn,
  step: Extract<Step, { readonly do: 'order' }>,
): Promise<Operation | undefined> => {
  const { deps, ref, operation, advance } = it
  const { clock, desk, events, random } = deps
  const now = clock.now()
  const deadline = Math.min(now + orderSpan(step.order), operation.deadline)
  let admission: { readonly ticketId: string; readonly alias: Secret } | undefined
  try {
    admission = await admit(it, step.order, deadline + TICKET_GRACE)
  } catch (error) {
    const fault = Fault.from(error)
    // What is away comes back; what is wrong (a profile, say) does not mend itself.
    if (faultStatus[fault.kind].transient || fault.kind === 'bug') throw error
    return advance({ life: operation.attempt === 0 ? 'refused' : 'failed', fault: fault.record() })
  }
  const id = `or-${toHex(random.bytes(10))}`
  const { orderState: _state, ...memo } = step.memo
  const written = await advance({
    life: 'running',
    attempt: operation.attempt + 1,
    memo: writeMemo({
      ...memo,
      ticketSteps: 0,
      order: {
        id,
        kind: step.order,
        at: now,
        ...(admission === undefined ? {} : { ticketId: admission.ticketId }),
      },
    }),
    addSteps: [{ at: now, ...step.note }],
  })
  if (written === undefined) return undefined
  desk.offer(ref, {
    id,
    operationId: operation.id,
    kind: step.order,
    deadline,
    ...(admission === undefined ? {} : { alias: admission.alias }),
  })
  events.emit('order.offered', {
    operation: operation.id,
    host: ref.hostId,
    kind: step.order,
    attempt: written.attempt,
  })
  return written
}

const admit = async (it: Turn, order: 'activate' | 'deactivate' | 'detect', expiresAt: number) => {
  if (order === 'detect') return undefined
  const { deps, ref, operation, host, signal } = it
  const { ticket, alias } = await deps.provisioning.issueTicket(
    {
      ...ref,
      operationId: operation.id,
      purpose: order,
      controlMode: operation.controlMode ?? 'client',
      ...(host.uuid === undefined ? {} : { hostUuid: host.uuid }),
      ...(host.amtGuid === undefined ? {} : { amtGuid: host.amtGuid }),
      expiresAt,
    },
    signal,
  )
  return { ticketId: ticket.id, alias: secret(alias) }
}
