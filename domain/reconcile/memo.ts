import type { EpochMilliseconds, FaultRecord } from '@outrider/protocols/values'
import type { Operation } from '../operations/index.ts'
import { noMarks, type PowerMarks } from '../power/index.ts'

export type OrderKind = 'activate' | 'deactivate' | 'detect'

/** The order an operation has given and not yet settled. */
export interface GivenOrder {
  readonly id: string
  readonly kind: OrderKind
  readonly at: EpochMilliseconds
  readonly ticketId?: string
}

/**
 * All that must be known to go on with an operation after a crash, besides what can be observed. It is kept in
 * `Operation.memo` as texts.
 */
export interface Memo {
  readonly order?: GivenOrder
  /** Orders given in a row that did not lead anywhere. */
  readonly tries: number
  readonly recoveries: number
  readonly recoveredAt?: EpochMilliseconds
  readonly notBefore?: EpochMilliseconds
  /** When the device was seen to be activated, so that its tunnel is due. */
  readonly confirmedAt?: EpochMilliseconds
  /** When the device was about to be told to deactivate itself, how often, and whether it said yes. */
  readonly unprovisionAt?: EpochMilliseconds
  readonly unprovisions: number
  readonly acknowledged: boolean
  /** The way over MPS is barred (its credentials were refused): the agent has to do it. */
  readonly viaAgent: boolean
  readonly looks: number
  /** Names of notes that are written once. */
  readonly told: readonly string[]
  /** What went wrong last. */
  readonly fault?: FaultRecord
  /** How much of the progress of order and ticket is among the steps of the operation. */
  readonly orderState?: string
  readonly ticketSteps: number
  readonly marks: PowerMarks
}

export const emptyMemo: Memo = {
  tries: 0,
  recoveries: 0,
  unprovisions: 0,
  acknowledged: false,
  viaAgent: false,
  looks: 0,
  told: [],
  ticketSteps: 0,
  marks: noMarks,
}

export const readMemo = ({ memo }: Pick<Operation, 'memo'>): Memo => {
  const given: Record<string, unknown> = {}
  for (const [name, text] of Object.entries(memo)) given[name] = JSON.parse(text)
  return { ...emptyMemo, ...given }
}

/** Only what differs from a memo of nothing, so that most operations keep it small. */
export const writeMemo = (memo: Memo): Record<string, string> => {
  const written: Record<string, string> = {}
  for (const [name, value] of Object.entries(memo)) {
    const text = JSON.stringify(value)
    if (value !== undefined && text !== JSON.stringify(emptyMemo[name as keyof Memo])) written[name] = text
  }
  return written
}
