import { POWER_STATE } from '@outrider/protocols/amt'
import type { Milliseconds } from '@outrider/protocols/values'
import type { Cancel, FirmwareClock } from '../clock.ts'
import type { FirmwareEvents } from '../events.ts'
import { neutralBootSettings } from '../state/factory.ts'
import type { BootOptions, FlashState, HostState, PowerStep } from '../state/flash-state.ts'
import type { StateStore } from '../state/state-store.ts'
import type { Timing } from '../timing.ts'
import { type Duration, judgePowerRequest, type PowerSituation } from './power-table.ts'

/** The machine around the firmware: its power, its boots, the person at its power button. */
export class Host {
  readonly #store: StateStore
  readonly #clock: FirmwareClock
  readonly #timing: Timing
  readonly #events: FirmwareEvents
  #cancel: Cancel = () => undefined

  constructor(store: StateStore, clock: FirmwareClock, timing: Timing, events: FirmwareEvents) {
    this.#store = store
    this.#clock = clock
    this.#timing = timing
    this.#events = events
  }

  /** Takes up a transition that was under way when the process ended. */
  start(): void {
    this.#arm()
  }

  stop(): void {
    this.#cancel()
  }

  situation(): PowerSituation {
    return powerSituation(this.#store.now)
  }

  /**
   * Starts what `requested` asks for inside a change of state and returns its return value. The caller calls
   * `settle` once that change is in flash.
   */
  request(draft: FlashState, requested: number): number {
    const verdict = judgePowerRequest(requested, powerSituation(draft))
    if (verdict.is === 'refused') return verdict.returnValue
    draft.host.requested = requested
    draft.counters[verdict.transition.action]++
    this.#begin(
      draft,
      verdict.transition.steps.map(({ power, after, boot }) => ({ power, boot, after: this.#duration(after) })),
      verdict.transition.graceful,
    )
    return 0
  }

  /** After a change that may have begun a transition: runs its clock, and what is due at once. */
  settle(): void {
    this.#arm()
  }

  /** The person presses the button: a machine that is off boots, one that is on shuts down. */
  pressPowerButton(): void {
    this.#store.change((draft) => {
      if (draft.host.pending !== null) return
      if (draft.host.power === POWER_STATE.on) this.#begin(draft, [this.#shutDown()], true)
      else this.#begin(draft, [{ power: POWER_STATE.on, after: 0, boot: true }], false)
    })
    this.#arm()
  }

  /** The person shuts the operating system down. */
  shutDown(): void {
    this.#store.change((draft) => {
      if (draft.host.pending === null && draft.host.power === POWER_STATE.on)
        this.#begin(draft, [this.#shutDown()], true)
    })
    this.#arm()
  }

  #shutDown(): { power: number; after: Milliseconds; boot: boolean } {
    return { power: POWER_STATE.offSoft, after: this.#timing.shutdown, boot: false }
  }

  #duration(name: Duration): Milliseconds {
    return name === 'none' ? 0 : this.#timing[name]
  }

  #begin(
    draft: FlashState,
    steps: readonly { power: number; after: Milliseconds; boot: boolean }[],
    graceful: boolean,
  ): void {
    let at = this.#clock.now()
    const planned: PowerStep[] = []
    for (const { power, after, boot } of steps) {
      at += after
      planned.push({ power, at, boot })
    }
    if (planned.length > 0) draft.host.pending = { steps: planned, graceful }
  }

  // One timer: for the next step of a transition, or for the end of a boot. What is due is done before returning,
  // so that a firmware without delays answers with the transition finished.
  #arm(): void {
    this.#cancel()
    for (;;) {
      const { pending, os } = this.#store.now.host
      const step = pending?.steps[0]
      const at = Math.min(step?.at ?? Number.POSITIVE_INFINITY, os.upAt ?? Number.POSITIVE_INFINITY)
      if (at === Number.POSITIVE_INFINITY) return
      const wait = at - this.#clock.now()
      if (wait > 0) {
        this.#cancel = this.#clock.schedule(wait, () => this.#arm())
        return
      }
      if (step !== undefined && step.at === at) this.#reach(step)
      else this.#booted()
    }
  }

  #reach(step: PowerStep): void {
    const { power, pending, os } = this.#store.now.host
    this.#store.change(({ host, settings }) => {
      const rest = pending?.steps.slice(1) ?? []
      host.pending = pending !== null && rest.length > 0 ? { ...pending, steps: rest } : null
      host.power = step.power
      host.os = { running: false, upAt: step.boot ? step.at + this.#timing.boot : null }
      if (step.boot) bootHost(host, settings.boot, step.at)
    })
    if (os.running) this.#events.emit('os', { running: false, graceful: pending?.graceful ?? false })
    this.#events.emit('power', { from: power, to: step.power, boot: step.boot })
  }

  #booted(): void {
    this.#store.change(({ host }) => {
      host.os = { running: true, upAt: null }
    })
    this.#events.emit('os', { running: true })
  }
}

export const powerSituation = (state: Readonly<FlashState>): PowerSituation => ({
  power: state.host.power,
  busy: state.host.pending !== null,
  lmsPresent: state.host.lmsPresent && state.host.os.running,
})

/** One boot: boot options that were armed for it are used up (amt-firmware.md 10.3). */
const bootHost = (host: HostState, boot: BootOptions, at: number): void => {
  const used = boot.nextSingleUse
  const options: Record<string, boolean | number> = {}
  if (used) {
    for (const [name, value] of Object.entries(boot.settings)) {
      if (name !== 'OptionsCleared' && (value === true || (typeof value === 'number' && value !== 0)))
        options[name] = value
    }
  }
  host.boots++
  host.poweredOnAt = at
  host.lastBoot = { at, source: used ? boot.source : null, options }
  if (!used) return
  boot.settings = neutralBootSettings()
  boot.source = null
  boot.nextSingleUse = false
  boot.lastStatus = [0, 0]
}
