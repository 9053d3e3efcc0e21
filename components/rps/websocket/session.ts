import { createHash } from 'node:crypto'
import {
  type ActivationDevice,
  type ActivationPorts,
  activateAsAdmin,
  activateAsClient,
  type Credentials,
  deactivate,
  deviceSecrets,
} from '@outrider/domain/activation'
import type { ProjectId } from '@outrider/domain/identity'
import type { OperationStep } from '@outrider/domain/operations'
import type {
  Bus,
  Clock,
  DeviceRegistry,
  EventSink,
  ProvisioningStore,
  Random,
  SecretStore,
  Ticket,
} from '@outrider/domain/ports'
import {
  type DevicePayload,
  decodeClientMessage,
  encodeServerMessage,
  RPS_MESSAGE_LIMIT,
  requireProtocolVersion,
  type ServerMessage,
} from '@outrider/protocols/rps'
import { type Bytes, Fault, type FaultRecord, type Guid, seconds } from '@outrider/protocols/values'
import type { RequestForms } from '@outrider/protocols/wsman'
import { CallSignal } from '@outrider/sessions/streams'
import { createWsmanSession, type WsmanSession } from '@outrider/sessions/wsman'
import type { RpsConfig } from '../config.ts'
import { rpsFaults } from '../faults.ts'
import { type KeptCertificates, proofFor } from '../provisioning-certificates/index.ts'
import { type Admission, admit, amtGuidOf, profileOf, requireConfigurable } from './admission.ts'
import { activatedReport, deactivatedReport, failedReport } from './outcome.ts'
import { planOf } from './plan.ts'
import { RelayExchange } from './relay-exchange.ts'

/** A provisioning client that was turned away. */
export interface Refusal {
  readonly fault: FaultRecord
  /** The device as the client calls it; empty where it said none. */
  readonly guid: string
  readonly from: string
}

/** What RPS is given from outside. */
export interface RpsDeps {
  readonly config: RpsConfig
  readonly store: ProvisioningStore
  readonly secrets: SecretStore
  readonly registry: DeviceRegistry
  readonly bus: Bus
  readonly clock: Clock
  readonly random: Random
  readonly events: EventSink
  readonly openProject: (signal: AbortSignal) => Promise<ProjectId | undefined>
  /** Resource id of the host whose machine, as far as is known, has this GUID; `undefined` where none has. */
  readonly hostOf: (project: ProjectId, guid: Guid, signal: AbortSignal) => Promise<string | undefined>
  readonly mpsRoot: () => Bytes
  /** Told of each client that is turned away before it is known whose it is, for the audit. */
  readonly refused?: (refusal: Refusal) => void
  /** Says to clients which version of RPS this is. */
  readonly version: string
}

export interface SessionDeps extends RpsDeps {
  readonly certificates: KeptCertificates
  readonly forms: RequestForms
}

/** The client's end of the WebSocket, as far as a session needs it. */
export interface ClientSocket {
  send(frame: Bytes): void
  close(): void
}

const RECORDING_MILLISECONDS = 5_000

/** What is written of a session even where its client is gone. */
const recording = async (write: (signal: AbortSignal) => Promise<void>): Promise<void> => {
  using limit = new CallSignal()
  limit.expect(RECORDING_MILLISECONDS)
  await write(limit.signal)
}

/** In events, where anybody may have sent anything. */
const shownGuid = ({ uuid }: DevicePayload): string => uuid.slice(0, 36)

type CommandMessage = Extract<ReturnType<typeof decodeClientMessage>['message'], { type: 'command' }>

/**
 * One provisioning client, from its first message to the last one sent to it. The owner feeds `received` and
 * `closed`; everything of the session ends with it.
 */
export class ProvisioningSession {
  readonly #deps: SessionDeps
  readonly #socket: ClientSocket
  readonly #address: string
  readonly #life = new AbortController()
  readonly #relay: RelayExchange
  #begun = false

  constructor(socket: ClientSocket, address: string, deps: SessionDeps, stopping: AbortSignal) {
    this.#deps = deps
    this.#socket = socket
    this.#address = address
    this.#relay = new RelayExchange((request) => this.#send({ type: 'wsman', payload: request }))
    const { clock, config } = deps
    const stop = (): void => this.#life.abort(rpsFaults.RPC_GONE())
    stopping.addEventListener('abort', stop, { once: true })
    this.#life.signal.addEventListener('abort', () => stopping.removeEventListener('abort', stop), { once: true })
    // Both limits are of the session; sleeping ends with it.
    void this.#limit(clock, config.firstMessageSeconds, () => !this.#begun)
    void this.#limit(clock, config.sessionSeconds, () => true)
  }

  /** Resolves once the session is over. */
  get ended(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#life.signal.aborted) resolve()
      else this.#life.signal.addEventListener('abort', () => resolve(), { once: true })
    })
  }

  async #limit(clock: Clock, span: number, holds: () => boolean): Promise<void> {
    await clock.sleep(seconds(span), this.#life.signal).then(
      () => {
        if (holds()) this.#finish(rpsFaults.RPC_SILENT({ seconds: span }))
      },
      () => undefined,
    )
  }

  /** One text frame of the client. */
  received(frame: Bytes): void {
    if (this.#life.signal.aborted) return
    try {
      const { message, protocolVersion } = decodeClientMessage(frame, RPS_MESSAGE_LIMIT)
      switch (message.type) {
        case 'command':
          if (this.#begun) throw rpsFaults.RPC_OUT_OF_TURN({ method: message.command.verb })
          this.#begun = true
          requireProtocolVersion(protocolVersion)
          void this.#serve(message)
          return
        case 'response':
          this.#relay.answered(message.payload)
          return
        case 'connection_reset':
          this.#relay.lost(message.reason)
          return
        case 'heartbeat_response':
          return
        case 'tls_data':
        case 'port_switch_ack':
          throw rpsFaults.RPC_OUT_OF_TURN({ method: message.type })
        case 'unknown':
          throw rpsFaults.RPC_OUT_OF_TURN({ method: message.method.slice(0, 40) })
      }
    } catch (error) {
      this.#refuse(Fault.from(error), '')
    }
  }

  /** The client closed its connection, or it broke. */
  closed(): void {
    this.#finish(rpsFaults.RPC_GONE())
  }

  #send(message: Exclude<ServerMessage, { type: 'unknown' }>): void {
    this.#socket.send(encodeServerMessage(message, this.#deps.version))
  }

  #refuse(fault: Fault, guid: string): void {
    this.#deps.events.emit('provisioning.refused', { code: fault.code, address: this.#address, guid })
    this.#deps.refused?.({ fault: fault.record(), guid, from: this.#address })
    this.#tellOfBug(fault)
    this.#send({ type: 'error', outcome: { is: 'report', report: failedReport(fault) } })
    this.#finish(fault)
  }

  /** What went wrong in ourselves; the client is only told that it did. */
  #tellOfBug(fault: Fault): void {
    if (fault.kind !== 'bug') return
    const { cause = fault } = fault
    this.#deps.events.emit('service.error', { where: 'provisioning', cause: String((cause as Error).stack ?? cause) })
  }

  #finish(fault: Fault): void {
    if (this.#life.signal.aborted) return
    this.#relay.end(fault)
    this.#life.abort(fault)
    this.#socket.close()
  }

  async #serve({ command, device }: CommandMessage): Promise<void> {
    const { signal } = this.#life
    let admission: Admission
    try {
      admission = await admit(command, device, this.#deps, signal)
    } catch (error) {
      this.#refuse(Fault.from(error), shownGuid(device))
      return
    }
    const began = this.#deps.clock.monotonic()
    const record = new TicketRecord(admission, this.#deps)
    const host = admission.ticket?.hostId ?? ''
    const operation = admission.ticket?.operationId ?? ''
    const about = { operation, host, guid: shownGuid(device) }
    this.#deps.events.emit('provisioning.admitted', { ...about, purpose: admission.purpose, address: this.#address })
    let code = ''
    try {
      // Only now, so that whoever ordered it learns why it cannot be.
      requireConfigurable(device)
      const guid = amtGuidOf(device)
      const expected = admission.ticket?.amtGuid
      if (expected !== undefined && expected !== guid) throw rpsFaults.TICKET_OTHER_MACHINE()
      // A client says by itself which device it has: what is stored of another host's is not for it.
      const owner = await this.#deps.hostOf(admission.project, guid, signal)
      if (owner !== undefined && owner !== admission.ticket?.hostId) throw rpsFaults.TICKET_OTHER_MACHINE()
      await record.write({ amtGuid: guid }, signal)
      const report = await this.#carryOut(admission, device, guid, record, signal)
      this.#send({ type: 'success', outcome: { is: 'report', report } })
      this.#finish(rpsFaults.RPC_GONE())
    } catch (error) {
      const fault = Fault.from(error)
      code = fault.code
      this.#tellOfBug(fault)
      // The client may be gone: what became of the ticket is written all the same.
      await record.failed(fault).catch(() => undefined)
      if (!signal.aborted) this.#send({ type: 'error', outcome: { is: 'report', report: failedReport(fault) } })
      this.#finish(fault)
    }
    this.#deps.events.emit('provisioning.ended', {
      ...about,
      outcome: code === '' ? 'succeeded' : 'failed',
      code,
      milliseconds: Math.round(this.#deps.clock.monotonic() - began),
    })
  }

  async #carryOut(admission: Admission, device: DevicePayload, guid: Guid, record: TicketRecord, signal: AbortSignal) {
    const { store, secrets, registry, random, clock } = this.#deps
    const { project } = admission
    const subject = this.#device(admission, device, guid)
    const about = { operation: admission.ticket?.operationId ?? '', host: admission.ticket?.hostId ?? '', guid }
    const ports: ActivationPorts = {
      secrets: deviceSecrets(secrets, project, guid),
      registry,
      random,
      clock,
      md5: (bytes) => createHash('md5').update(bytes).digest(),
      report: ({ step, label }) => {
        record.step({ at: clock.now(), step, message: label })
        this.#deps.events.emit('provisioning.step', { ...about, step })
        if (device.progressSupported) this.#send({ type: 'progress', label })
      },
    }
    if (admission.purpose === 'deactivate') {
      await deactivate(subject, ports, signal)
      await recording((until) => registry.forget(project, guid, until))
      await record.succeeded({ reachedMode: 'none', cira: false })
      return deactivatedReport()
    }
    const profile = await profileOf(store, admission, signal)
    const plan = await planOf(profile, device.ipConfiguration, this.#deps, signal)
    const tagged = { ...subject, about: { ...subject.about, tags: profile.tags } }
    const activated =
      profile.activation === 'ccmactivate'
        ? await activateAsClient(tagged, plan, ports, signal)
        : await activateAsAdmin(tagged, plan, proofFor(project, device, about, this.#deps), ports, signal)
    await record.succeeded({ reachedMode: activated.mode, cira: activated.cira })
    return activatedReport(activated, device.progressSupported)
  }

  #device(admission: Admission, device: DevicePayload, guid: Guid): ActivationDevice {
    const controlMode = device.currentMode === 2 ? 'admin' : device.currentMode === 1 ? 'client' : 'none'
    const sessions = new Map<string, WsmanSession>()
    return {
      project: admission.project,
      guid,
      controlMode,
      ...(controlMode === 'none' && device.username !== ''
        ? { local: { username: device.username, password: device.password } }
        : {}),
      // In open mode an activated device's password may come with the request; a ticket's word is no password.
      ...(controlMode !== 'none' && admission.ticket === undefined && device.password.reveal() !== ''
        ? { offered: device.password }
        : {}),
      about: {
        ...(device.hostname === '' ? {} : { hostname: device.hostname }),
        ...(device.friendlyName === '' ? {} : { friendlyName: device.friendlyName }),
        ...(device.fqdn === '' ? {} : { dnsSuffix: device.fqdn }),
        deviceInfo: {
          fwVersion: device.ver,
          fwBuild: device.build,
          fwSku: device.sku,
          features: device.features,
          ipAddress: device.ipConfiguration.ipAddress,
        },
      },
      as: (credentials: Credentials) => {
        const key = `${credentials.username}\0${credentials.password.reveal()}`
        const known = sessions.get(key)
        if (known !== undefined) return known
        const session = createWsmanSession({
          way: { exchange: this.#relay },
          host: `${guid}:16992`,
          credentials,
          deadlineMs: seconds(this.#deps.config.answerSeconds),
          framing: 'chunked',
          closeEach: true,
          forms: this.#deps.forms,
        })
        sessions.set(key, session)
        return session
      },
    }
  }
}

/** Writes what becomes of a ticket, and tells whoever waits for it. In open mode there is none, and nothing is written. */
class TicketRecord {
  readonly #ticket: Ticket | undefined
  readonly #deps: Pick<SessionDeps, 'store' | 'bus'>
  readonly #steps: OperationStep[] = []
  #writing: Promise<void> = Promise.resolve()

  constructor(admission: Admission, deps: Pick<SessionDeps, 'store' | 'bus'>) {
    this.#ticket = admission.ticket
    this.#deps = deps
  }

  /** Notes a step; written in the background, in order, and whole with the end. */
  step(step: OperationStep): void {
    this.#steps.push(step)
    const steps = [...this.#steps]
    this.#writing = this.#writing
      .then(() => recording((signal) => this.#update({ steps }, signal)))
      .catch(() => undefined)
  }

  async write(change: Partial<Pick<Ticket, 'amtGuid'>>, signal: AbortSignal): Promise<void> {
    await this.#update(change, signal)
  }

  /** Like `failed`, whether the client is still there or not: the device was changed. */
  async succeeded(reached: Pick<Ticket, 'reachedMode' | 'cira'>): Promise<void> {
    await this.#end({ ...reached, state: 'succeeded' })
  }

  async failed(fault: Fault): Promise<void> {
    await this.#end({ state: 'failed', fault: fault.record() })
  }

  async #end(change: Partial<Pick<Ticket, 'state' | 'reachedMode' | 'cira' | 'fault'>>): Promise<void> {
    await this.#writing
    await recording((signal) => this.#update({ ...change, steps: this.#steps }, signal))
  }

  async #update(
    change: Partial<Pick<Ticket, 'state' | 'amtGuid' | 'reachedMode' | 'cira' | 'steps' | 'fault'>>,
    signal: AbortSignal,
  ): Promise<void> {
    const ticket = this.#ticket
    if (ticket === undefined) return
    await this.#deps.store.tickets.update(ticket.project, ticket.id, change, signal)
    this.#deps.bus.publish('ticket.changed', {
      project: ticket.project,
      ticketId: ticket.id,
      operationId: ticket.operationId,
    })
  }
}
