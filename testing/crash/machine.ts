import { setTimeout as pause } from 'node:timers/promises'
import type { Api, FirmwareView, LoggedEvent, OperationView, Orchestrator, SimulatedNode } from '../deployment/index.ts'
import { until } from '../harness/until.ts'
import { isDeactivation, judge, type Violation } from './judge.ts'
import { type Act, actsOf, type Moment, momentsOf, type Victim } from './moments.ts'
import { pick } from './random.ts'

/** One kill that is to happen: who, and three throws of the dice for the act, the moment and the wait after it. */
export interface Point {
  readonly number: number
  readonly victim: Victim
  readonly dice: readonly [act: number, moment: number, wait: number]
}

export interface PointResult {
  readonly number: number
  readonly serial: string
  readonly victim: Victim
  readonly act: Act
  readonly moment: string
  /** Absent where the victim was gone already. */
  readonly killed: number | undefined
  readonly life: OperationView['life']
  readonly code: string
  readonly seconds: number
  readonly violations: readonly Violation[]
}

const CHANGE: Readonly<Record<Act, object>> = {
  activate: { desiredAmtState: 'AMT_STATE_PROVISIONED' },
  deactivate: { desiredAmtState: 'AMT_STATE_UNPROVISIONED' },
  'deactivate-locally': { desiredAmtState: 'AMT_STATE_UNPROVISIONED' },
  reset: { desiredPowerState: 'POWER_STATE_RESET' },
  'power-cycle': { desiredPowerState: 'POWER_STATE_POWER_CYCLE' },
}
const MOMENT_PATIENCE = 60_000
const TUNNEL_PATIENCE = 60_000
const END_PATIENCE = 200_000

/** One machine whose operations are disturbed by kills. */
export class CrashMachine {
  readonly #node: SimulatedNode
  readonly #hostId: string
  readonly #orchestrator: Orchestrator
  readonly #api: Api
  #requested = 0

  constructor(node: SimulatedNode, hostId: string, orchestrator: Orchestrator, api: Api) {
    this.#node = node
    this.#hostId = hostId
    this.#orchestrator = orchestrator
    this.#api = api
  }

  get node(): SimulatedNode {
    return this.#node
  }

  /** Starts it and waits until it is detected. */
  async start(): Promise<void> {
    this.#node.start()
    await this.#orchestrator.log.find({ event: 'agent.reported', host: this.#hostId, support: 'amt' }, 0, 60_000)
  }

  /** Asks for an act, kills somebody in the middle of it, waits for its end, and looks at what has become of it. */
  async suffer(point: Point): Promise<PointResult> {
    const began = performance.now()
    const { victim, number } = point
    const before = await this.#node.firmware()
    const act = pick(actsOf(victim, before.controlMode !== 0), point.dice[0])
    const moment = pick(momentsOf(act, victim), point.dice[1])
    if (act === 'deactivate-locally') await this.#network(false)
    const watch = this.#watch(moment, before.identity.uuid)
    const operation = await this.#request(act)
    await watch.reached(operation)
    await pause(moment.span * point.dice[2])
    const killed = this.#kill(victim)
    const violations: Violation[] = []
    const ended = await this.#api.ended(operation, END_PATIENCE).catch((error: Error) => {
      violations.push({ kind: 'lost', what: error.message })
      return undefined
    })
    if (act === 'deactivate-locally') await this.#network(true)
    if (ended !== undefined) {
      violations.push(...judge(act, ended, before, await this.#node.firmware()))
      if (ended.life !== 'succeeded') violations.push(...(await this.#again(act)))
      violations.push(...(await this.loginViolations()))
    }
    return {
      number,
      serial: this.#node.serial,
      victim,
      act,
      moment: moment.name,
      killed,
      life: ended?.life ?? 'running',
      code: ended?.fault?.code ?? '',
      seconds: (performance.now() - began) / 1000,
      violations,
    }
  }

  /** Whether what is stored logs in at a device that is activated: by digest, through its tunnel. */
  async loginViolations(): Promise<readonly Violation[]> {
    const { controlMode, identity } = await this.#node.firmware()
    if (controlMode === 0) return []
    // Not there: its tunnel is on its way back.
    const { status, text } = await until(
      async () => {
        const answer = await this.#api.power(identity.uuid)
        return answer.status === 404 ? undefined : answer
      },
      TUNNEL_PATIENCE,
      100,
    ).catch((error: Error) => ({ status: 404, text: error.message }))
    if (status === 200 && text.includes('"powerstate"')) return []
    if (status === 404) return [{ kind: 'lost', what: `activated, and its tunnel never came back: ${text}` }]
    return [{ kind: 'wrong-credentials', what: `the power state was answered ${status}: ${text.slice(0, 300)}` }]
  }

  /** Operations there are besides those that were asked for: none, however often a request was repeated. */
  async countViolations(): Promise<readonly Violation[]> {
    const path = `${this.#api.compute}/operations?host=${this.#hostId}&pageSize=100`
    const { operations } = await this.#api.json<{ operations: readonly OperationView[] }>('GET', path)
    const expected = Math.min(this.#requested, 100)
    const running = operations.filter(({ endedAt }) => endedAt === undefined)
    return [
      ...(operations.length === expected
        ? []
        : [{ kind: 'doubled', what: `${operations.length} operations, ${expected} were asked for` } as const]),
      ...running.map(({ id }) => ({ kind: 'lost', what: `${id} still runs` }) as const),
    ]
  }

  /** Undisturbed: what ended otherwise than wished can be asked for again. */
  async #again(act: Act): Promise<readonly Violation[]> {
    if (act === 'reset' || act === 'power-cycle') return []
    const before = await this.#node.firmware()
    const ended = await this.#api.ended(await this.#request(act), END_PATIENCE)
    const after = await this.#node.firmware()
    const wanted = isDeactivation(act) ? after.controlMode === 0 : after.controlMode === 1
    if (ended.life !== 'succeeded' || !wanted)
      return [{ kind: 'lost', what: `asked for again it ended ${ended.life} ${ended.fault?.code ?? ''}` }]
    return judgeAgain(act, before, after)
  }

  /** Plugs the cable of the device in or out; without it there is no tunnel. */
  async #network(linkUp: boolean): Promise<void> {
    const { identity } = await this.#node.firmware()
    await until(() => this.#node.control('/actions/network', 'POST', { linkUp }).catch(() => undefined), 20_000, 50)
    const gone = async () => (await this.#api.power(identity.uuid)).status === 404
    if (!linkUp) await until(gone, TUNNEL_PATIENCE, 50)
  }

  async #request(act: Act): Promise<string> {
    this.#requested++
    return this.#api.request(this.#hostId, CHANGE[act])
  }

  /** Keeps what the logs say from now on, for the moment may come before its operation has a name to us. */
  #watch(moment: Moment, guid: string) {
    const seen: LoggedEvent[] = []
    let look = (): void => undefined
    const take = (event: LoggedEvent): void => {
      seen.push(event)
      look()
    }
    const stops = [this.#orchestrator.log.listen(take), this.#node.log.listen(take)]
    return {
      /** Resolves at the moment, or when the operation has ended without it. */
      reached: async (operation: string): Promise<void> => {
        const over = (event: LoggedEvent): boolean => event.event === 'operation.ended' && event.operation === operation
        const holds = (): boolean => seen.some((event) => moment.is(event, { operation, guid }) || over(event))
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, MOMENT_PATIENCE)
          look = () => {
            if (!holds()) return
            clearTimeout(timer)
            resolve()
          }
          look()
        })
        for (const stop of stops) stop()
      },
    }
  }

  #kill(victim: Victim): number | undefined {
    const pid = this.#pidOf(victim)
    if (pid === undefined || pid === null) return undefined
    try {
      process.kill(pid, 'SIGKILL')
      return pid
    } catch {
      return undefined
    }
  }

  #pidOf(victim: Victim): number | null | undefined {
    switch (victim) {
      case 'orchestrator':
        return this.#orchestrator.program.running ? this.#orchestrator.program.pid : undefined
      case 'agent':
        return this.#node.pids['platform-manageability-agent']
      case 'firmware':
        return this.#node.pids.firmware
      case 'rpc':
        return this.#node.rpcPids().at(-1)
    }
  }

  /** Waits until all its processes run again. */
  settled(): Promise<unknown> {
    return until(
      () => {
        const { firmware, 'platform-manageability-agent': agent } = this.#node.pids
        return typeof firmware === 'number' && typeof agent === 'number'
      },
      30_000,
      20,
    )
  }
}

const judgeAgain = (act: Act, before: FirmwareView, after: FirmwareView): readonly Violation[] => {
  const counter = act === 'activate' ? 'setup' : 'unprovision'
  const done = (after.counters[counter] ?? 0) - (before.counters[counter] ?? 0)
  const needed = before.controlMode === after.controlMode ? 0 : 1
  return done === needed ? [] : [{ kind: 'doubled', what: `asked for again, ${counter} was done ${done} times` }]
}
