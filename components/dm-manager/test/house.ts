import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ConnectError, createClient, createRouterTransport } from '@connectrpc/connect'
// biome-ignore lint/correctness/noUndeclaredDependencies: the real parts around the one that is tested
import { createLocalBus, createLocalPresence } from '@outrider/bus-local'
// biome-ignore lint/correctness/noUndeclaredDependencies: the same
import { openDatabase } from '@outrider/database'
import type { EventFields, EventName } from '@outrider/domain/events'
import type { Host } from '@outrider/domain/hosts'
import type { RequestContext } from '@outrider/domain/identity'
import { type Operation, type OperationKind, terminal } from '@outrider/domain/operations'
import type { DeviceControl, PresenceEntry, Provisioning, Ticket } from '@outrider/domain/ports'
// biome-ignore lint/correctness/noUndeclaredDependencies: the same
import { createInventory } from '@outrider/inventory'
import { agent, deviceManagement } from '@outrider/protocols/grpc'
import { Fault, type FaultKind, faultStatus, type Guid, guid, minutes, secret } from '@outrider/protocols/values'
import { createDmManager, type DmManager, type DmManagerConfig, requestContextKey } from '../index.ts'
import { Life } from './life.ts'
import { VirtualTime } from './virtual-time.ts'

const never = new AbortController().signal
export const UUID = guid('33333333-3333-4333-8333-333333333333')
export const AMT_GUID: Guid = guid('44444444-4444-4444-8444-444444444444')

const fault = (kind: FaultKind, code: string, status?: string): Fault =>
  new Fault({ kind, code, message: code, remedy: '', detail: status === undefined ? {} : { status } })

/** The machine: its firmware as MPS reaches it, and what RPC does to it. Outlives every process. */
export class Machine {
  mode: 'none' | 'client' | 'admin' = 'none'
  power = 2
  /** Power codes, and `activate` / `deactivate`, in the order in which the firmware did them. */
  acts: (number | string)[] = []
  dials = true
  /** What the firmware refuses, by act. */
  refuse = new Map<string, Fault>()
  /** Acts whose answer is lost once they are done. */
  loseAnswer = new Set<number | string>()
  obeysSoft = true
}

/** Everything around the dm-manager: real inventory, database and bus; a machine, its agent and RPS in small. */
export class House {
  readonly time = new VirtualTime()
  readonly machine = new Machine()
  readonly events: { readonly name: EventName; readonly fields: EventFields<EventName> }[] = []
  readonly tickets = new Map<string, Ticket>()
  readonly forgotten: Guid[] = []
  /** What RPS says instead of doing what the ticket admits; taken from the front. */
  rpsFaults: Fault[] = []
  config: Partial<DmManagerConfig> = { presenceGraceSeconds: 0 }
  project!: Guid
  host!: Host
  manager: DmManager | undefined
  life = new Life()
  agent: Agent | undefined
  #entry: PresenceEntry | undefined
  #close: (() => Promise<void>)[] = []
  #parts!: Awaited<ReturnType<House['open']>>
  #ops = 0

  static async build(fields: Partial<Host> = {}): Promise<House> {
    const house = new House()
    house.#parts = await house.open()
    const { inventory, database } = house.#parts
    house.project = (await inventory.ensureDefaultProject(never)).id
    await house.addHost('host-00000001', { uuid: UUID, ...fields })
    house.host = (await inventory.inventory.host(house.project, { id: 'host-00000001' }, never))!
    house.#close.push(() => database.close())
    return house
  }

  private async open() {
    const { clock } = this.time
    const folder = await mkdtemp(join(tmpdir(), 'dm-manager-'))
    this.#close.push(() => rm(folder, { recursive: true, force: true }))
    const opened = await openDatabase({ path: join(folder, 'db.sqlite') }, { clock })
    const database = {
      inventory: this.time.outside(opened.inventory),
      leases: this.time.outside(opened.leases),
      close: () => opened.close(),
    }
    const bus = createLocalBus({
      onError: (error) => {
        throw error
      },
    })
    const presence = createLocalPresence({ bus })
    const random = { bytes: (length: number) => new Uint8Array(randomBytes(length)) }
    const events = {
      emit: <N extends EventName>(name: N, fields: EventFields<N>) => {
        this.events.push({ name, fields })
      },
    }
    const inventory = createInventory({
      store: database.inventory,
      bus,
      clock,
      random,
      events,
      presence,
      agentCredentials: {
        create: async () => ({ clientId: '', clientSecret: secret('') }),
        revoke: async () => {},
      },
      publicEndpoints: () => ({ url: '', rpsUrl: '', grpcUrl: '', tokenUrl: '', ciraAddress: '' }),
      caPem: '',
    })
    return { clock, database, bus, presence, random, events, inventory }
  }

  get bus() {
    return this.#parts.bus
  }
  get inventory() {
    return this.#parts.inventory.inventory
  }

  async addHost(id: string, fields: Partial<Host>): Promise<void> {
    const line = { text: '', indicator: 'unspecified', at: 0 } as const
    const host: Host = {
      id,
      project: this.project,
      name: id,
      state: 'onboarded',
      desiredAmt: 'unspecified',
      currentAmt: 'unspecified',
      desiredControlMode: 'none',
      desiredPower: 'unspecified',
      currentPower: 'unspecified',
      powerPolicy: 'immediate',
      policy: 'follow',
      amtStatus: line,
      powerStatus: line,
      hostStatus: line,
      registrationStatus: line,
      onboardingStatus: line,
      metadata: {},
      createdAt: this.time.now,
      updatedAt: this.time.now,
      revision: 1,
      ...fields,
    }
    await this.#parts.database.inventory.transaction((tables) => tables.hosts.insert(host), never)
  }

  /** Queues an operation, as a northbound write does. */
  async request(kind: OperationKind, fields: Partial<Operation> = {}): Promise<string> {
    const id = `op-${String(++this.#ops).padStart(20, '0')}`
    const operation: Operation = {
      id,
      project: this.project,
      hostId: 'host-00000001',
      kind,
      requester: { subject: 'ada', name: 'Ada' },
      life: 'queued',
      attempt: 0,
      epoch: 0,
      deadline: this.time.now + minutes(30),
      memo: {},
      steps: [],
      createdAt: this.time.now + this.#ops,
      revision: 1,
      ...fields,
    }
    await this.#parts.database.inventory.transaction((tables) => tables.operations.insert(operation), never)
    const { hostId, project } = operation
    this.bus.publish('operation.changed', { project, operationId: id, hostId, life: 'queued' })
    return id
  }

  operation = async (id: string): Promise<Operation> => (await this.inventory.operation(this.project, id, never))!
  record = async (): Promise<Host> => (await this.inventory.host(this.project, { id: 'host-00000001' }, never))!

  /** Waits for the end of an operation and says how it ended: life, and the fault's code where there is one. */
  async end(id: string, span = minutes(40)): Promise<string> {
    let how: string | undefined
    await this.time.until(async () => {
      how = await this.ended(id)
      return how !== undefined
    }, span)
    return how!
  }

  async ended(id: string): Promise<string | undefined> {
    const { life, fault: why } = await this.operation(id)
    if (!terminal.has(life)) return undefined
    return why === undefined ? life : `${life} ${why.code}`
  }

  async steps(id: string): Promise<string[]> {
    return (await this.operation(id)).steps.map(({ step }) => step)
  }

  /** Starts a dm-manager over everything that outlives it. */
  async start(): Promise<void> {
    const life = new Life()
    this.life = life
    const { database, clock, random, events, bus } = this.#parts
    this.manager = createDmManager({
      config: this.config,
      inventory: life.port(this.inventory),
      control: life.port(this.control),
      provisioning: life.port(this.provisioning),
      leases: life.port(database.leases),
      clock: life.port(clock),
      random,
      events,
      holder: 'one',
      bus: {
        publish: (topic, message) => {
          if (!life.dead) bus.publish(topic, message)
        },
        subscribe: (topic, handler) =>
          bus.subscribe(topic, (message) => {
            if (!life.dead) handler(message)
          }),
        health: (signal) => bus.health(signal),
      },
    })
    await this.manager.start(never)
  }

  /** Clients of the running dm-manager, with what a token of this host proves. */
  clients(context: Partial<RequestContext> = {}, hostId: string | undefined = 'host-00000001') {
    const caller = {
      subject: 'agent',
      kind: 'agent' as const,
      name: 'agent',
      projects: new Map([[this.project, new Set(['agent' as const])]]),
      ...(hostId === undefined ? {} : { hostId }),
    }
    const transport = createRouterTransport((router) => this.manager?.grpc(router), {
      router: {
        interceptors: [
          (next) => async (request) => {
            request.contextValues.set(requestContextKey, { caller, projects: [this.project], ...context })
            try {
              const response = await next(request)
              return response.stream ? { ...response, message: failing(response.message) } : response
            } catch (error) {
              throw asConnectError(error)
            }
          },
        ],
      },
    })
    return {
      ours: createClient(agent.AgentService, transport),
      theirs: createClient(deviceManagement.DeviceManagement, transport),
    }
  }

  /** The tunnel of the machine opens or ends. */
  async connect(connected: boolean): Promise<void> {
    const { presence, clock } = this.#parts
    if (connected) this.#entry = (await presence.claim(this.project, AMT_GUID, 'mps', clock.now())).entry
    else if (this.#entry !== undefined) await presence.release(this.#entry, clock.now())
    if (!connected) this.#entry = undefined
  }

  get connected(): boolean {
    return this.#entry !== undefined
  }

  startAgent(support: agent.Support = agent.Support.AMT): void {
    this.agent?.stop()
    this.agent = new Agent(this, this.agent?.journal ?? new Map(), support)
  }

  readonly control: DeviceControl = {
    presence: async () => this.#entry,
    powerState: async () => {
      this.#need()
      return this.machine.power
    },
    availablePowerRequests: async () => {
      this.#need()
      return this.machine.power === 2 ? [10, 8, 5, 11, 4, 7, 14, 12] : [2]
    },
    requestPower: async (_project, _guid, code) => {
      this.#need()
      this.#refuse(String(code))
      this.machine.acts.push(code)
      const soft = code === 12 && !this.machine.obeysSoft
      if (!soft)
        this.machine.power = ({ 2: 2, 4: 4, 5: 2, 7: 7, 8: 8, 10: 2, 12: 8 } as Record<number, number>)[code] ?? 2
      if (this.machine.loseAnswer.has(code)) throw fault('timeout', 'WSMAN_NO_REPLY')
    },
    controlMode: async () => {
      this.#need()
      return this.machine.mode
    },
    unprovision: async () => {
      this.#need()
      this.#refuse('unprovision')
      this.machine.acts.push('deactivate')
      this.machine.mode = 'none'
      await this.connect(false)
      if (this.machine.loseAnswer.has('deactivate')) throw fault('unavailable', 'DEVICE_DISCONNECTED')
    },
  }

  #need(): void {
    if (!this.connected) throw fault('unavailable', 'DEVICE_NOT_CONNECTED')
  }

  #refuse(act: string): void {
    const refused = this.machine.refuse.get(act)
    if (refused !== undefined) throw refused
  }

  readonly provisioning: Provisioning = {
    issueTicket: async (request) => {
      const alias = `t${randomBytes(8).toString('hex')}`
      const ticket: Ticket = {
        id: `tk-${this.tickets.size + 1}`,
        aliasHash: hash(alias),
        profileName: 'default',
        state: 'open',
        steps: [],
        ...request,
      }
      this.tickets.set(ticket.id, ticket)
      return { ticket, alias }
    },
    ticket: async (_project, id) => this.tickets.get(id),
    revokeTicket: async (_project, id) => {
      const ticket = this.tickets.get(id)
      if (ticket?.state === 'open') this.tickets.set(id, { ...ticket, state: 'revoked' })
    },
    forgetDevice: async (_project, amtGuid) => {
      this.forgotten.push(amtGuid)
    },
  }

  /** What running RPC with this alias does: RPS admits it, and sets the firmware up. The exit code. */
  async rpc(alias: string): Promise<number> {
    const found = [...this.tickets.values()].find(
      ({ aliasHash, state }) => aliasHash === hash(alias) && state === 'open',
    )
    if (found === undefined) return 1
    // RPS is in the process of the dm-manager: what it was about to write dies with it.
    const { life } = this
    this.#update(found.id, { state: 'running', amtGuid: AMT_GUID })
    await this.time.clock.sleep(100, never)
    if (life.dead) return 1
    const refused = this.rpsFaults.shift()
    if (refused !== undefined) {
      this.#update(found.id, { state: 'failed', fault: refused.record() })
      return 1
    }
    const { mode } = this.machine
    if (found.purpose === 'activate') {
      const reachedMode = found.controlMode === 'admin' || mode === 'admin' ? 'admin' : 'client'
      if (mode !== reachedMode) this.machine.acts.push(mode === 'none' ? 'activate' : 'upgrade')
      this.machine.mode = reachedMode
      await this.time.clock.sleep(100, never)
      if (life.dead) return 1
      const steps = [{ at: this.time.now, step: 'activated', message: 'Activation completed' }]
      this.#update(found.id, { state: 'succeeded', reachedMode, cira: true, steps })
      if (this.machine.dials)
        void this.time.clock.sleep(500, never).then(async () => {
          if (this.machine.mode !== 'none' && !this.connected) await this.connect(true)
        })
    } else {
      if (mode !== 'none') this.machine.acts.push('deactivate')
      this.machine.mode = 'none'
      await this.connect(false)
      await this.time.clock.sleep(100, never)
      if (life.dead) return 1
      this.#update(found.id, { state: 'succeeded', reachedMode: 'none' })
    }
    return 0
  }

  #update(id: string, change: Partial<Ticket>): void {
    const ticket = { ...this.tickets.get(id)!, ...change }
    this.tickets.set(id, ticket)
    this.bus.publish('ticket.changed', { project: this.project, ticketId: id, operationId: ticket.operationId })
  }

  async close(): Promise<void> {
    this.agent?.stop()
    // What hangs in a process that was killed hangs for ever; the living one is asked to stop.
    if (!this.life.dead) {
      const stopped = this.manager?.stop()
      let done = false
      void stopped?.then(() => {
        done = true
      })
      await this.time.until(() => done || stopped === undefined, minutes(1))
    }
    for (const close of this.#close.reverse()) await close()
  }
}

/** As the surface turns faults into what clients see. */
const asConnectError = (error: unknown): ConnectError => {
  if (!(error instanceof Fault)) return ConnectError.from(error)
  return new ConnectError(error.message, faultStatus[error.kind].grpc, { 'outrider-fault': error.code })
}

async function* failing<T>(messages: AsyncIterable<T>): AsyncGenerator<T> {
  try {
    yield* messages
  } catch (error) {
    throw asConnectError(error)
  }
}

const hash = (alias: string): string => createHash('sha256').update(alias).digest('hex')

const MODES = {
  none: agent.ControlMode.NONE,
  client: agent.ControlMode.CLIENT,
  admin: agent.ControlMode.ADMIN,
} as const

/** A Platform Manageability Agent in small: a journal that outlives it, a stream of orders, one at a time. */
export class Agent {
  readonly journal: Map<string, 'begun' | { readonly exitCode: number }>
  readonly #house: House
  readonly #life = new AbortController()
  readonly #support: agent.Support

  constructor(house: House, journal: Agent['journal'], support: agent.Support) {
    this.#house = house
    this.journal = journal
    this.#support = support
    void this.#run()
  }

  /** Stopped or killed: what it was doing to the device goes on, nobody hears of it. */
  stop(): void {
    this.#life.abort()
  }

  async detect(orderId = ''): Promise<void> {
    const { machine } = this.#house
    await this.#house.clients().ours.reportDetection(
      {
        hostUuid: UUID,
        support: this.#support,
        reason: 'AMT_READY',
        message: 'ready',
        amtUuid: AMT_GUID,
        amtVersion: '16.1.25',
        controlMode: MODES[machine.mode],
        remoteStatus: this.#house.connected ? agent.RemoteStatus.CONNECTED : agent.RemoteStatus.NOT_CONNECTED,
        orderId,
      },
      { signal: this.#signal() },
    )
  }

  /** Of calls: they end with the agent, and with the process they are made to. */
  #signal(): AbortSignal {
    return AbortSignal.any([this.#life.signal, this.#house.life.signal])
  }

  async #run(): Promise<void> {
    const { signal } = this.#life
    const { clock } = this.#house.time
    while (!signal.aborted) {
      try {
        await this.detect()
        for await (const { order } of this.#house
          .clients()
          .ours.watchOrders({ hostUuid: UUID }, { signal: this.#signal() }))
          if (order !== undefined) await this.#handle(order)
      } catch {
        // The orchestrator is away; tried again below.
      }
      await clock.sleep(700, signal).catch(() => undefined)
    }
  }

  async #handle(order: agent.Order): Promise<void> {
    const { signal } = this.#life
    if (order.kind === agent.OrderKind.DETECT) return this.detect(order.orderId)
    const report = (state: agent.OrderState, exitCode = 0) =>
      this.#house.clients().ours.reportOrder(
        {
          hostUuid: UUID,
          orderId: order.orderId,
          state,
          exitCode,
          ...(exitCode === 0 ? {} : { code: 'RPC_FAILED', message: 'exit code 1' }),
        },
        { signal: this.#signal() },
      )
    const ended = (exitCode: number) =>
      report(exitCode === 0 ? agent.OrderState.SUCCEEDED : agent.OrderState.FAILED, exitCode)
    const known = this.journal.get(order.orderId)
    if (known !== undefined) {
      await ended(known === 'begun' ? 1 : known.exitCode)
      return
    }
    this.journal.set(order.orderId, 'begun')
    await report(agent.OrderState.RUNNING)
    const alias = order.kind === agent.OrderKind.ACTIVATE ? order.profileName : order.actionPassword
    const exitCode = await this.#house.rpc(alias)
    if (signal.aborted) return
    this.journal.set(order.orderId, { exitCode })
    await this.detect()
    await ended(exitCode)
  }
}
