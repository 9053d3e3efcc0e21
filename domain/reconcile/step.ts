import type { EpochMilliseconds, FaultRecord, Guid } from '@outrider/protocols/values'
import type { HostChange } from '../hosts/index.ts'
import type { OperationStep } from '../operations/index.ts'
import type { Memo, OrderKind } from './memo.ts'

/** A step for people, without its time. */
export type Note = Pick<OperationStep, 'step' | 'message'>

/** What to do about an operation next. Exactly one thing. */
export type Step =
  /** It has ended. */
  | { readonly do: 'nothing' }
  /** Nothing, until something is observed or this time has come. */
  | { readonly do: 'wait'; readonly until: EpochMilliseconds }
  /** Keep this, and plan again. */
  | { readonly do: 'record'; readonly memo: Memo; readonly note: Note }
  /** Give the agent an order; `memo` is to be kept with it. */
  | { readonly do: 'order'; readonly order: OrderKind; readonly memo: Memo; readonly note: Note }
  /** Change the power as the operation says, or go on with that. */
  | { readonly do: 'power' }
  /** Tell the device to deactivate itself, by way of MPS; where it may have been told before, look first. */
  | { readonly do: 'unprovision'; readonly memo: Memo; readonly lookFirst: boolean }
  /** Nothing was sent. */
  | { readonly do: 'refuse'; readonly fault: FaultRecord }
  | { readonly do: 'fail'; readonly fault: FaultRecord }
  | {
      readonly do: 'succeed'
      readonly note: Note
      readonly host: HostChange
      /** A device whose credentials are of no use any more. */
      readonly forget?: Guid
    }
