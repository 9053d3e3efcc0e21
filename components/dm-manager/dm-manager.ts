import type { ConnectRouter } from '@connectrpc/connect'
import type {
  Bus,
  Clock,
  DeviceControl,
  EventSink,
  Inventory,
  Leases,
  Provisioning,
  Random,
} from '@outrider/domain/ports'
import { agent, deviceManagement } from '@outrider/protocols/grpc'
import { seconds } from '@outrider/protocols/values'
import { type AgentDeps, agentService } from './agents/agent-service.ts'
import { Desk } from './agents/desk.ts'
import { legacyService } from './agents/legacy-service.ts'
import { type DmManagerConfig, dmManagerDefaults } from './config.ts'
import { Dispatcher } from './driving/dispatcher.ts'
import { type DriveDeps, drive } from './driving/drive.ts'
import { Interests } from './driving/interests.ts'
import { keepPolicy } from './driving/keep-policy.ts'
import type { HostRef } from './host-ref.ts'

export interface DmManagerDeps {
  readonly config?: Partial<DmManagerConfig>
  readonly inventory: Inventory
  readonly control: DeviceControl
  readonly provisioning: Provisioning
  readonly leases: Leases
  readonly bus: Bus
  readonly clock: Clock
  readonly random: Random
  readonly events: EventSink
  /** Name of this instance, the same after a restart: then what it held is taken up at once. */
  readonly holder: string
}

export interface DmManager {
  /** Both services of the agents. Callers are proved under `requestContextKey`. */
  grpc(router: ConnectRouter): void
  /** Takes up every unfinished operation, and works until `stop`. Does not wait for what is away. */
  start(signal: AbortSignal): Promise<void>
  /** Lets what runs finish for a moment; the rest is resumed by whoever starts next. */
  stop(): Promise<void>
  ready(signal: AbortSignal): Promise<{ readonly name: string; readonly state: 'ok' | 'away' }[]>
}

const STOP_GRACE = seconds(5)
const PAGE = 200
const TICK = seconds(1)
const POLICIES_AT_ONCE = 32

/** Decides what each host needs next, and sees it done (architecture 1, 6). */
export const createDmManager = (deps: DmManagerDeps): DmManager => {
  const { inventory, bus, clock, random } = deps
  const config: DmManagerConfig = { ...dmManagerDefaults, ...deps.config }
  const desk = new Desk(clock)
  const interests = new Interests()
  const driveDeps: DriveDeps = {
    ...deps,
    config,
    desk,
    interests,
    graceUntil: clock.now() + seconds(config.presenceGraceSeconds),
  }
  const dispatcher = new Dispatcher(deps, config.parallel, (ref, signal) => drive(ref, driveDeps, signal))
  const policyInterests = new Interests()
  const policies = new Dispatcher(deps, POLICIES_AT_ONCE, (ref, signal) =>
    keepPolicy(ref, { ...deps, config, desk, interests: policyInterests }, signal),
  )
  const stopping = new AbortController()
  const tasks: Promise<void>[] = []
  const subscriptions: Disposable[] = []

  const agents: AgentDeps = {
    ...deps,
    desk,
    wake: (host: HostRef) => {
      dispatcher.wakeKnown(host)
      policies.wakeKnown(host)
    },
    busy: (host: HostRef) => dispatcher.knows(host),
  }

  const subscribe = (): void => {
    subscriptions.push(
      bus.subscribe('operation.changed', ({ project, hostId, life }) => {
        if (life === 'queued') dispatcher.wake({ project, hostId })
        else if (life !== 'running') {
          dispatcher.wakeKnown({ project, hostId })
          policies.wakeKnown({ project, hostId })
        }
      }),
      bus.subscribe('host.changed', ({ project, hostId, policy = 'follow' }) => {
        dispatcher.wakeKnown({ project, hostId })
        if (policy === 'follow') policies.wakeKnown({ project, hostId })
        else policies.wake({ project, hostId })
      }),
      bus.subscribe('presence.changed', ({ project, guid }) => {
        for (const key of interests.ofDevice(project, guid)) dispatcher.wakeKey(key)
        for (const key of policyInterests.ofDevice(project, guid)) policies.wakeKey(key)
      }),
      bus.subscribe('ticket.changed', ({ operationId }) => {
        const key = interests.ofOperation(operationId)
        if (key !== undefined) dispatcher.wakeKey(key)
      }),
    )
  }

  /** Hosts with unfinished operations nobody here knows of. Pages through those operations, never through hosts. */
  const resync = async (signal: AbortSignal): Promise<void> => {
    for (const { id: project } of await inventory.projects(signal)) {
      let after: string | undefined
      do {
        const page = await inventory.operations(
          project,
          { lives: ['queued', 'running'], order: 'oldest', limit: PAGE, ...(after === undefined ? {} : { after }) },
          signal,
        )
        for (const { hostId } of page.items)
          if (!dispatcher.knows({ project, hostId })) dispatcher.wake({ project, hostId })
        after = page.next
      } while (after !== undefined)
    }
  }

  /** Hosts with a policy nobody here knows of. */
  const resyncPolicies = async (signal: AbortSignal): Promise<void> => {
    for (const { id: project } of await inventory.projects(signal))
      for (const policy of ['keep-on', 'keep-provisioned'] as const) {
        let after: string | undefined
        do {
          const query = { where: { policy }, limit: PAGE, ...(after === undefined ? {} : { after }) }
          const page = await inventory.hosts(project, query, signal)
          for (const { id: hostId } of page.items)
            if (!policies.knows({ project, hostId })) policies.wake({ project, hostId })
          after = page.next
        } while (after !== undefined)
      }
  }

  const resyncForEver = async (): Promise<void> => {
    let done = false
    let pause = TICK
    while (!stopping.signal.aborted) {
      try {
        await resync(stopping.signal)
        await resyncPolicies(stopping.signal)
        done = true
      } catch {
        // Inventory is away, as /readyz says; until the first success it is asked again sooner.
        pause = Math.min(2 * pause, seconds(config.resyncSeconds))
      }
      const usual = seconds(config.resyncSeconds) * (0.75 + (random.bytes(1)[0] ?? 0) / 512)
      await clock.sleep(done ? usual : pause, stopping.signal).catch(() => undefined)
    }
  }

  const beatForEver = async (): Promise<void> => {
    for (let turn = 0; !stopping.signal.aborted; turn++) {
      desk.beat(turn, config.heartbeatSeconds)
      await clock.sleep(TICK, stopping.signal).catch(() => undefined)
    }
  }

  return {
    grpc(router) {
      router.service(agent.AgentService, agentService(agents))
      router.service(deviceManagement.DeviceManagement, legacyService(agents))
    },
    async start() {
      subscribe()
      tasks.push(dispatcher.run(), policies.run(), resyncForEver(), beatForEver())
    },
    async stop() {
      for (const subscription of subscriptions) subscription[Symbol.dispose]()
      desk.endAll()
      await Promise.all([dispatcher.stop(STOP_GRACE), policies.stop(STOP_GRACE)])
      stopping.abort()
      await Promise.all(tasks)
    },
    async ready(signal) {
      const looked = await inventory.projects(signal).then(
        () => 'ok' as const,
        () => 'away' as const,
      )
      return [
        { name: 'inventory', state: looked },
        { name: 'bus', state: await bus.health(signal).catch(() => 'away' as const) },
      ]
    },
  }
}
