import {
  type EpochMilliseconds,
  Fault,
  type FaultRecord,
  faultStatus,
  type Milliseconds,
  seconds,
} from '@outrider/protocols/values'
import type { PowerPolicy } from '../hosts/index.ts'
import type { PowerKind } from '../operations/index.ts'
import type { Clock } from '../ports/index.ts'
import { decidePower } from './decide.ts'
import { powerFaults } from './faults.ts'
import { powerClass, powerClassName, powerTable } from './table.ts'

/** The machine as a power operation sees it: `DeviceControl` bound to one device. */
export interface PowerDevice {
  /** CIM power state. */
  state(signal: AbortSignal): Promise<number>
  /** CIM codes the machine takes now; empty where it does not say. */
  available(signal: AbortSignal): Promise<readonly number[]>
  /** Sends one request, once. */
  request(code: number, signal: AbortSignal): Promise<void>
}

/** What was sent for an operation, as it was persisted: all that a resumed one knows. */
export interface PowerMarks {
  /** CIM codes in the order they were about to be sent. */
  readonly sent: readonly number[]
  /** How many of them, from the first, the device is known to have taken. */
  readonly taken: number
  /** When the last one was about to be sent. */
  readonly at?: EpochMilliseconds
}

export const noMarks: PowerMarks = { sent: [], taken: 0 }

export interface PowerRequest {
  readonly kind: PowerKind
  readonly policy: PowerPolicy
  /** What an earlier attempt left. */
  readonly marks: PowerMarks
  readonly deadline: EpochMilliseconds
  /** How long a soft request has before the hard one follows. */
  readonly softSpan?: Milliseconds
}

/** What is kept of the way, durably before it returns. */
export interface PowerRecord {
  /** Called before something is sent: a crash from here on leaves the marks behind. */
  beforeAct(marks: PowerMarks): Promise<void>
  /** Called when the device took it. */
  afterAct(marks: PowerMarks): Promise<void>
}

export type PowerOutcome =
  | {
      readonly end: 'succeeded'
      readonly state: number
      /** `false`: the machine was there already and nothing was sent. */
      readonly acted: boolean
    }
  /** Nothing was sent. */
  | { readonly end: 'refused'; readonly fault: FaultRecord }
  | { readonly end: 'failed'; readonly fault: FaultRecord; readonly state?: number }

const SOFT_SPAN = seconds(30)
const FIRST_PAUSE: Milliseconds = 50
const LONGEST_PAUSE = seconds(2)
const BUSY = 'BUSY'

/**
 * One power operation: looks, decides, acts once, looks until the machine is there or the deadline has come. With
 * `marks` of an earlier attempt it only looks: what may have been sent is never sent again, and where its effect
 * cannot be seen (a reset) it ends `OUTCOME_UNKNOWN`.
 *
 * An abort stops the looking and leaves a request that was sent to the device. Throws what `record` throws, the
 * abort's reason, and nothing else.
 */
export const changePower = async (
  device: PowerDevice,
  request: PowerRequest,
  clock: Clock,
  record: PowerRecord,
  signal: AbortSignal,
): Promise<PowerOutcome> => {
  const run = new PowerRun(device, request, clock, record, signal)
  return request.marks.sent.length === 0 ? run.begin() : run.resume()
}

class PowerRun {
  private readonly device: PowerDevice
  private readonly request: PowerRequest
  private readonly clock: Clock
  private readonly record: PowerRecord
  private readonly signal: AbortSignal
  private marks: PowerMarks
  private lastState: number | undefined

  constructor(device: PowerDevice, request: PowerRequest, clock: Clock, record: PowerRecord, signal: AbortSignal) {
    this.device = device
    this.request = request
    this.clock = clock
    this.record = record
    this.signal = signal
    this.marks = request.marks
  }

  private get row() {
    return powerTable[this.request.kind]
  }

  async begin(): Promise<PowerOutcome> {
    let decision: ReturnType<typeof decidePower>
    try {
      const state = await this.look()
      decision = decidePower(this.request.kind, this.request.policy, state, await this.device.available(this.signal))
      if (decision.do === 'nothing') return { end: 'succeeded', state, acted: false }
    } catch (error) {
      this.signal.throwIfAborted()
      return { end: 'refused', fault: Fault.from(error).record() }
    }
    if (decision.do === 'refuse') return { end: 'refused', fault: decision.fault.record() }
    if (decision.soft !== undefined) {
      const soft = await this.act(decision.soft)
      if (typeof soft === 'string') {
        if (await this.reached(this.softUntil())) return this.succeeded()
      } else if (!soft.sent) return { end: 'refused', fault: soft.fault }
    }
    return this.hard(decision.code)
  }

  /** Only looks, but for a hard request that was never about to be sent. */
  async resume(): Promise<PowerOutcome> {
    const { sent, taken } = this.marks
    const last = sent.at(-1)
    if (last === this.row.code) {
      if (!this.row.state && taken < sent.length) return this.unknown()
      return this.conclude()
    }
    if (await this.reached(this.softUntil())) return this.succeeded()
    return this.hard(this.row.code)
  }

  private async hard(code: number): Promise<PowerOutcome> {
    const done = await this.act(code)
    if (done === 'sent') return this.conclude()
    if (done === 'ambiguous') return this.row.state ? this.conclude() : this.unknown()
    return done.sent ? { end: 'failed', fault: done.fault } : { end: 'refused', fault: done.fault }
  }

  /** Marks, then sends once. Only a request the device said it is too busy for is asked again: it was not done. */
  private async act(
    code: number,
  ): Promise<'sent' | 'ambiguous' | { readonly fault: FaultRecord; readonly sent: boolean }> {
    this.marks = { sent: [...this.marks.sent, code], taken: this.marks.taken, at: this.clock.now() }
    await this.record.beforeAct(this.marks)
    const pauses = new Pauses()
    for (;;) {
      try {
        await this.device.request(code, this.signal)
        break
      } catch (error) {
        this.signal.throwIfAborted()
        const fault = Fault.from(error)
        if (fault.code === 'DEVICE_NOT_CONNECTED') return { fault: fault.record(), sent: this.marks.sent.length > 1 }
        if (fault.code !== 'AMT_REFUSED' && (faultStatus[fault.kind].transient || fault.kind === 'bug'))
          return 'ambiguous'
        if (fault.detail.status !== BUSY) return { fault: fault.record(), sent: true }
        if (this.clock.now() >= this.request.deadline)
          return { fault: powerFaults.POWER_BUSY({ request: this.row.name }, error).record(), sent: true }
      }
      await pauses.next(this.clock, this.signal)
    }
    this.marks = { ...this.marks, taken: this.marks.sent.length }
    await this.record.afterAct(this.marks)
    return 'sent'
  }

  private async conclude(): Promise<PowerOutcome> {
    if (await this.reached(this.request.deadline)) return this.succeeded()
    if (this.lastState === undefined) return this.unknown()
    const state = powerClassName[powerClass(this.lastState)]
    const fault = powerFaults.POWER_STATE_NOT_REACHED({ request: this.row.name, state }).record()
    return { end: 'failed', fault, state: this.lastState }
  }

  private unknown(): PowerOutcome {
    return { end: 'failed', fault: powerFaults.OUTCOME_UNKNOWN({ request: this.row.name }).record() }
  }

  private succeeded(): PowerOutcome {
    return { end: 'succeeded', state: this.lastState!, acted: true }
  }

  /** Whether the machine is seen in the state asked for before `until`. Losing sight of it meanwhile is normal. */
  private async reached(until: EpochMilliseconds): Promise<boolean> {
    const pauses = new Pauses()
    this.lastState = undefined
    for (;;) {
      try {
        if (powerClass(await this.look()) === this.row.target) return true
      } catch (error) {
        this.signal.throwIfAborted()
        if (!(error instanceof Fault)) throw error
      }
      if (this.clock.now() >= until) return false
      await pauses.next(this.clock, this.signal)
    }
  }

  private async look(): Promise<number> {
    this.lastState = await this.device.state(this.signal)
    return this.lastState
  }

  private softUntil(): EpochMilliseconds {
    return Math.min((this.marks.at ?? this.clock.now()) + (this.request.softSpan ?? SOFT_SPAN), this.request.deadline)
  }
}

/** Short first, since most machines are there at once; then ever longer, to leave a slow one in peace. */
class Pauses {
  private span = FIRST_PAUSE

  async next(clock: Clock, signal: AbortSignal): Promise<void> {
    await clock.sleep(this.span, signal)
    this.span = Math.min(2 * this.span, LONGEST_PAUSE)
  }
}
