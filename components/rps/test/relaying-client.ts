import { setTimeout as pause } from 'node:timers/promises'
import type { MeiPort } from '@outrider/protocols/mei'
import {
  type DevicePayload,
  decodeServerMessage,
  encodeClientMessage,
  noIpConfiguration,
  type RpsCommand,
  type ServerMessage,
} from '@outrider/protocols/rps'
import { type Bytes, concat, type Guid } from '@outrider/protocols/values'
import { HttpResponseReader } from '@outrider/protocols/wsman'
import { amthi, openLocalManagement } from '@outrider/sessions/local-management'
import { ProvisioningSession, type SessionDeps } from '../websocket/session.ts'

const signal = new AbortController().signal

/** Simulated firmware, as far as a client looks at it. */
export interface RelayedMachine {
  readonly identity: {
    readonly uuid: Guid
    readonly pkiDnsSuffix: string
    readonly trustedHashes: readonly { readonly hash: string }[]
  }
  readonly engine: MeiPort
}

/** What a client and its device are to the server: relays to simulated firmware, as RPC does. */
export class RelayingClient<Machine extends RelayedMachine> {
  readonly received: ServerMessage[] = []
  readonly firmware: Machine
  closed = false
  /** Called with each request for the device; `false` loses it and its answer. */
  pass: (request: string) => boolean = () => true
  /** Breaks the connection of the run under way. */
  leave: () => void = () => undefined

  constructor(firmware: Machine) {
    this.firmware = firmware
  }

  run(deps: SessionDeps, command: RpsCommand, given: Partial<DevicePayload> = {}): Promise<void> {
    const session = new ProvisioningSession(
      {
        send: (frame) => {
          const message = decodeServerMessage(frame)
          this.received.push(message)
          if (message.type === 'wsman')
            void this.relay(message.payload).then((payload) => {
              if (payload !== undefined) session.received(encodeClientMessage({ type: 'response', payload }, '3'))
            })
        },
        close: () => {
          this.closed = true
        },
      },
      '127.0.0.1',
      deps,
      signal,
    )
    this.leave = () => session.closed()
    void this.payload(given).then((device) =>
      session.received(encodeClientMessage({ type: 'command', command, device, tenantId: '' }, '3')),
    )
    return session.ended
  }

  async payload(given: Partial<DevicePayload>): Promise<DevicePayload> {
    const engine = amthi(this.firmware.engine, { pause: noPause })
    const account = await engine.getLocalSystemAccount(signal)
    const mode = await engine.getControlMode(signal)
    return {
      ver: '16.1.25',
      build: '2124',
      sku: '16392',
      features: 'AMT Pro Corporate',
      uuid: this.firmware.identity.uuid,
      username: account.user,
      password: account.password,
      currentMode: mode,
      hostname: 'node',
      fqdn: this.firmware.identity.pkiDnsSuffix,
      client: 'RPC',
      certHashes: this.firmware.identity.trustedHashes.map(({ hash }) => hash),
      ipConfiguration: noIpConfiguration,
      hostnameInfo: { dnsSuffixOS: '', hostname: 'node' },
      friendlyName: '',
      tlsEnforced: false,
      tlsTunnel: false,
      lmsInstalled: false,
      progressSupported: false,
      ...given,
    }
  }

  async relay(request: Bytes): Promise<Bytes | undefined> {
    if (!this.pass(new TextDecoder().decode(request))) return undefined
    await using local = await openLocalManagement({ mei: this.firmware.engine, port: 16992, pause: noPause }, signal)
    const stream = await local.openLocal(16992, signal)
    await stream.write(request, signal)
    const reader = new HttpResponseReader()
    const parts: Bytes[] = []
    for (;;) {
      const chunk = await stream.read(signal)
      if (chunk === undefined) return undefined
      parts.push(chunk.slice())
      reader.push(chunk)
      if (reader.next() !== undefined) return concat(parts)
    }
  }

  get outcome(): ServerMessage | undefined {
    return this.received.find(({ type }) => type === 'success' || type === 'error')
  }
}

const noPause = (span: number, until: AbortSignal): Promise<void> =>
  pause(Math.min(span, 5), undefined, { signal: until })
