import type { OperationStep } from '../operations/index.ts'
import type { Memo } from './memo.ts'
import type { Seen } from './seen.ts'

const ORDER_NOTES: Readonly<Record<string, string>> = {
  accepted: 'The agent has taken the order.',
  running: 'The agent carries out the order.',
}

/** What order and ticket say that is not among the steps of the operation yet; `undefined` where there is nothing. */
export const progress = (
  memo: Memo,
  seen: Seen,
): { readonly memo: Memo; readonly steps: readonly OperationStep[] } | undefined => {
  const { order, ticket } = seen
  const steps: OperationStep[] = []
  let next = memo
  if (order !== undefined && order.state !== (memo.orderState ?? 'offered')) {
    const message = ORDER_NOTES[order.state]
    if (message !== undefined) steps.push({ at: order.at, step: `agent-${order.state}`, message })
    next = { ...next, orderState: order.state }
  }
  if (ticket !== undefined && ticket.steps.length > memo.ticketSteps) {
    steps.push(...ticket.steps.slice(memo.ticketSteps))
    next = { ...next, ticketSteps: ticket.steps.length }
  }
  return next === memo ? undefined : { memo: next, steps }
}
