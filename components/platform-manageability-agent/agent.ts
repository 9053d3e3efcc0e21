import type { Clock, EventSink, Random } from '@outrider/domain/ports'
import { type Milliseconds, minutes, seconds } from '@outrider/protocols/values'
import { carryOut, failed, type Outcome } from './carry-out.ts'
import type { ManageabilityAgentConfig } from './config.ts'
import { type DetectionReport, readDetection, sameReport } from './detection.ts'
import { manageabilityFaults } from './faults.ts'
import { callCode, isUnimplemented, type ManagerClient, type Order } from './manager-client.ts'
import type { OrderJournal } from './order-journal.ts'
import type { RpcRunner } from './rpc-runner.ts'

export interface ManageabilityAgentDeps {
  readonly config: ManageabilityAgentConfig
  readonly manager: ManagerClient
  readonly rpc: RpcRunner
  readonly journal: OrderJournal
  readonly clock: Clock
  readonly random: Random
  readonly events: EventSink
}

/** Pause before the stream of orders is opened again; grows while it fails. */
const REOPEN_FIRST = seconds(0.5)
const REOPEN_LONGEST = seconds(30)
/** How long an older dm-manager is polled before it is asked again whether it has orders by now. */
const ASK_FOR_ORDERS_AGAIN = minutes(10)

/**
 * The Platform Manageability Agent: detects for ever, reports changes, carries out one order at a time. Runs
 * until `signal` aborts; a failed detection or an orchestrator that is away never ends it.
 */
export const runManageabilityAgent = async (deps: ManageabilityAgentDeps, signal: AbortSignal): Promise<void> => {
  const agent = new ManageabilityAgent(deps)
  await Promise.all([agent.watch(signal), agent.detectForEver(signal)])
}

class ManageabilityAgent {
  readonly #deps: ManageabilityAgentDeps
  /** RPC runs one at a time: the management engine serves one caller. */
  #turn: Promise<unknown> = Promise.resolve()
  #reported: DetectionReport | undefined
  /** Set while dm-manager has no orders: then the three existing calls are used. */
  #existing = false

  constructor(deps: ManageabilityAgentDeps) {
    this.#deps = deps
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#turn.then(work, work)
    this.#turn = mine.catch(() => undefined)
    return mine
  }

  async detectForEver(signal: AbortSignal): Promise<void> {
    const { clock, config } = this.#deps
    let pause: Milliseconds = seconds(1)
    while (!signal.aborted) {
      const done = await this.#detect('', signal)
      const usual = seconds(config.OUTRIDER_DETECT_SECONDS) * (0.75 + 0.5 * this.#chance())
      // While it cannot be read or told it is tried sooner, but ever more slowly.
      const span = done ? usual : Math.min(pause, usual)
      pause = done ? seconds(1) : pause * 2
      await clock.sleep(span, signal).catch(() => undefined)
    }
  }

  /** Detects once and reports where it changed (or where an order asked). Whether it could be done. */
  async #detect(orderId: string, signal: AbortSignal): Promise<boolean> {
    const { rpc, manager, events } = this.#deps
    try {
      const report = await this.#inTurn(async () => readDetection(await rpc.run(['amtinfo', '--json'], {}, signal)))
      const changed = !sameReport(this.#reported, report)
      if (!changed && orderId === '') return true
      if (this.#existing) await manager.existing.reportStatus(report, signal)
      else await manager.reportDetection(report, orderId, signal)
      this.#reported = report
      if (changed)
        events.emit('agent.detected', {
          support: report.support,
          reason: report.reason,
          mode: report.controlMode ?? 'unknown',
        })
      return true
    } catch (error) {
      if (signal.aborted) return false
      if (isUnimplemented(error)) this.#existing = true
      events.emit('agent.connection', { peer: 'dm-manager', state: 'detection-not-reported', code: callCode(error) })
      return false
    }
  }

  async watch(signal: AbortSignal): Promise<void> {
    const { manager, clock, events } = this.#deps
    let pause = REOPEN_FIRST
    while (!signal.aborted) {
      try {
        for await (const order of manager.orders(signal)) {
          pause = REOPEN_FIRST
          this.#existing = false
          await this.#handle(order, signal)
        }
      } catch (error) {
        if (signal.aborted) return
        if (isUnimplemented(error)) {
          await this.#pollExisting(signal)
          continue
        }
        events.emit('agent.connection', { peer: 'dm-manager', state: 'away', code: callCode(error) })
      }
      await clock.sleep(pause * (0.5 + this.#chance()), signal).catch(() => undefined)
      pause = Math.min(pause * 2, REOPEN_LONGEST)
    }
  }

  async #handle(order: Order, signal: AbortSignal): Promise<void> {
    const { manager, journal, events } = this.#deps
    if (order.kind === 'detect') {
      if ((await this.#detect(order.orderId, signal)) || signal.aborted) return
      // Said, so that nobody waits for an answer that does not come.
      const unread = failed(manageabilityFaults.DETECTION_FAILED({ reason: 'see the log of the agent' }))
      await manager.reportOrder({ orderId: order.orderId, ...unread }, signal)
      return
    }
    const known = await journal.last()
    if (known?.orderId === order.orderId) {
      // Begun before a restart, or ended and not heard: say what is known, do nothing twice.
      const { state } = known
      const end =
        state === 'begun'
          ? { orderId: order.orderId, ...failed(manageabilityFaults.AGENT_RESTARTED()) }
          : { ...known, state }
      await journal.write(end)
      await manager.reportOrder(end, signal)
      return
    }
    await journal.write({ orderId: order.orderId, state: 'begun', code: '', message: '', exitCode: 0 })
    events.emit('agent.order', { operation: order.operationId, kind: order.kind, state: 'running' })
    await manager
      .reportOrder({ orderId: order.orderId, state: 'running', code: '', message: '', exitCode: 0 }, signal)
      .catch(() => undefined)
    const outcome = await this.#inTurn(() => carryOut(order, this.#deps, signal))
    await journal.write({ orderId: order.orderId, ...outcome })
    events.emit('agent.order', {
      operation: order.operationId,
      kind: order.kind,
      state: outcome.state,
      code: outcome.code,
    })
    // What the device is now, first: whoever reads the result can then rely on it.
    await this.#detect('', signal)
    await manager.reportOrder({ orderId: order.orderId, ...outcome }, signal)
  }

  /** An older dm-manager: the three existing calls in their rhythm. */
  async #pollExisting(signal: AbortSignal): Promise<void> {
    const { manager, clock, config, events } = this.#deps
    this.#existing = true
    const until = clock.monotonic() + ASK_FOR_ORDERS_AGAIN
    while (!signal.aborted && clock.monotonic() < until) {
      try {
        const order = this.#supported() ? await manager.existing.activationDetails(signal) : undefined
        if (order !== undefined) await this.#handleExisting(order, signal)
      } catch (error) {
        if (signal.aborted) return
        events.emit('agent.connection', { peer: 'dm-manager', state: 'away', code: callCode(error) })
      }
      await clock.sleep(seconds(config.OUTRIDER_POLL_SECONDS), signal).catch(() => undefined)
    }
  }

  async #handleExisting(order: Order, signal: AbortSignal): Promise<void> {
    const { manager } = this.#deps
    await manager.existing.reportResult('activating', '', signal)
    const outcome: Outcome = await this.#inTurn(() => carryOut(order, this.#deps, signal))
    await this.#detect('', signal)
    const reached = outcome.state === 'succeeded' && this.#reported?.remoteStatus === 'connected'
    if (outcome.state === 'failed') await manager.existing.reportResult('failed', outcome.message, signal)
    else if (reached) await manager.existing.reportResult('activated', '', signal)
  }

  #supported(): boolean {
    return this.#reported !== undefined && this.#reported.support !== 'unsupported'
  }

  #chance(): number {
    return (this.#deps.random.bytes(1)[0] ?? 0) / 256
  }
}
