import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { createServer, type TLSSocket } from 'node:tls'
import {
  AMT_EnvironmentDetectionSettingData,
  AMT_GeneralSettings,
  AMT_ManagementPresenceRemoteSAP,
  AMT_PublicKeyManagementService,
  AMT_RemoteAccessPolicyAppliesToMPS,
  AMT_RemoteAccessService,
  AMT_UserInitiatedConnectionService,
  IPS_HostBasedSetupService,
} from '@outrider/protocols/amt'
import { guid, type Secret, secret } from '@outrider/protocols/values'
import { digestHa1 } from '@outrider/protocols/wsman'
import { acceptCira, type CiraSession, Sweeper } from '@outrider/sessions/cira'
import { amthi, openLocalManagement } from '@outrider/sessions/local-management'
import { createWsmanSession, type WsmanSession } from '@outrider/sessions/wsman'
import { md5 } from '../http/digest-gate.ts'
import { createFirmware, type Dial, type Firmware, type FirmwareOptions } from '../index.ts'
import type { Issued } from './authority.ts'

// What a test puts around a firmware: real sessions on its real wires.

export const deadline = (): AbortSignal => AbortSignal.timeout(8000)

/** TCP on this machine, whatever name was asked for: the network of a test. */
export const loopback: Dial = async (_host, port, signal) => {
  const socket = connect({ host: '127.0.0.1', port, signal })
  await once(socket, 'connect', { signal })
  return socket
}

let machines = 0

/** A device with a memory flash, no delays and a network. */
export const machine = (options: Partial<FirmwareOptions> = {}): Firmware =>
  createFirmware({
    identity: { serial: `T${++machines}`, uuid: guid(randomUUID()) },
    timing: 'zero',
    dial: loopback,
    sweeper: new Sweeper({ period: 20 }),
    ...options,
  })

export interface Local extends AsyncDisposable {
  readonly wsman: WsmanSession
  /** Further requests come as this user. */
  as(user: string, password: string): void
}

const noPause = async (): Promise<void> => undefined

export const host = (firmware: Pick<Firmware, 'engine'>) => amthi(firmware.engine, { pause: noPause })

/** WS-MAN over LME as the operating system's account, as RPC does it. */
export const local = async (firmware: Pick<Firmware, 'engine'>): Promise<Local> => {
  const account = await host(firmware).getLocalSystemAccount(deadline())
  const way = await openLocalManagement({ mei: firmware.engine, pause: noPause, port: 16992 }, deadline())
  const wsman = createWsmanSession({
    way: { openStream: (signal) => way.openLocal(16992, signal) },
    host: 'localhost',
    credentials: { username: account.user, password: account.password },
    deadlineMs: 5000,
  })
  return {
    wsman,
    as: (username, password) => wsman.useCredentials({ username, password: secret(password) }),
    [Symbol.asyncDispose]: async () => {
      wsman.close()
      await way[Symbol.asyncDispose]()
    },
  }
}

export const PASSWORD = 'Adm1n!Passw0rd'

/** Client control mode by host-based setup. */
export const activate = async ({ wsman, as }: Local, password = PASSWORD): Promise<void> => {
  const { DigestRealm } = await wsman.get(AMT_GeneralSettings, {}, deadline())
  await wsman.invoke(
    IPS_HostBasedSetupService,
    'Setup',
    {
      NetAdminPassEncryptionType: 2,
      NetworkAdminPassword: secret(digestHa1(md5, 'admin', DigestRealm!, password)),
    },
    deadline(),
  )
  as('admin', password)
}

export interface CiraSetup {
  readonly root: Uint8Array
  readonly port: number
  readonly accessInfo?: string
  readonly cn?: string
  readonly infoFormat?: number
  readonly username?: string
  readonly password?: string
}

/** The CIRA configuration a provisioning server writes, in its order. */
export const configureCira = async ({ wsman }: Local, setup: CiraSetup): Promise<void> => {
  const accessInfo = setup.accessInfo ?? '127.0.0.1'
  await wsman.invoke(
    AMT_PublicKeyManagementService,
    'AddTrustedRootCertificate',
    { CertificateBlob: setup.root },
    deadline(),
  )
  await wsman.invoke(
    AMT_RemoteAccessService,
    'AddMpServer',
    {
      AccessInfo: accessInfo,
      InfoFormat: setup.infoFormat ?? 3,
      Port: setup.port,
      AuthMethod: 2,
      Username: setup.username ?? 'mpsuser',
      Password: secret(setup.password ?? 'Mps-Passw0rd'),
      CN: setup.cn ?? 'mps.example.com',
    },
    deadline(),
  )
  const [server] = await wsman.enumerate(AMT_ManagementPresenceRemoteSAP, deadline())
  const MpServer = { resourceUri: AMT_ManagementPresenceRemoteSAP.uri, selectors: { Name: server!.Name! } }
  await wsman.invoke(
    AMT_RemoteAccessService,
    'AddRemoteAccessPolicyRule',
    { Trigger: 2, TunnelLifeTime: 0, ExtendedData: Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 25), MpServer },
    deadline(),
  )
  await wsman.invoke(
    AMT_RemoteAccessService,
    'AddRemoteAccessPolicyRule',
    { Trigger: 0, TunnelLifeTime: 300, ExtendedData: new Uint8Array(0), MpServer },
    deadline(),
  )
  for (const link of await wsman.enumerate(AMT_RemoteAccessPolicyAppliesToMPS, deadline())) {
    const selectors = { ManagedElement: link.ManagedElement!, PolicySet: link.PolicySet! }
    await wsman.put(AMT_RemoteAccessPolicyAppliesToMPS, { ...link, MpsType: 2 }, selectors, deadline())
  }
  await wsman.invoke(AMT_UserInitiatedConnectionService, 'RequestStateChange', { RequestedState: 32771 }, deadline())
  const detection = await wsman.get(AMT_EnvironmentDetectionSettingData, {}, deadline())
  await wsman.put(
    AMT_EnvironmentDetectionSettingData,
    { ...detection, DetectionStrings: [`${randomUUID()}.com`] },
    {},
    deadline(),
  )
}

export interface Mps extends AsyncDisposable {
  readonly port: number
  /** The next tunnel that arrives, or one that has arrived and was not asked for. */
  tunnel(): Promise<CiraSession>
  /** WS-MAN through a tunnel. */
  wsman(session: CiraSession, password?: string): WsmanSession
  /** How many connections came, whatever became of them. */
  readonly connections: number
  /** What TLS came to, connection by connection. */
  readonly negotiated: readonly { readonly protocol: string; readonly cipher: string }[]
}

/** A CIRA server of the project's own sessions behind TLS. */
export const mps = async (issued: Issued, expected: { user?: string; password?: string } = {}): Promise<Mps> => {
  const sweeper = new Sweeper({ period: 20 })
  const arrived: CiraSession[] = []
  const waiting: ((session: CiraSession) => void)[] = []
  const sockets = new Set<Socket | TLSSocket>()
  const sessions = new Set<CiraSession>()
  const negotiated: { protocol: string; cipher: string }[] = []
  let connections = 0
  const right = (user: string, password: Secret | undefined): boolean =>
    user === (expected.user ?? 'mpsuser') && password?.reveal() === (expected.password ?? 'Mps-Passw0rd')
  const server = createServer({ cert: issued.certPem, key: issued.keyPem }, (socket) => {
    negotiated.push({ protocol: socket.getProtocol() ?? '', cipher: socket.getCipher().name })
    acceptCira(
      socket,
      { sweeper, authenticate: async ({ user, password }) => (right(user, password) ? 'accepted' : 'refused') },
      deadline(),
    ).then(
      (session) => {
        sessions.add(session)
        const next = waiting.shift()
        if (next === undefined) arrived.push(session)
        else next(session)
      },
      () => undefined,
    )
  })
  server.on('tlsClientError', () => undefined)
  server.on('connection', (socket) => {
    connections++
    sockets.add(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    negotiated,
    get connections() {
      return connections
    },
    tunnel: () => {
      const session = arrived.shift()
      return session === undefined ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve(session)
    },
    wsman: (session, password = PASSWORD) =>
      createWsmanSession({
        way: { openStream: (signal) => session.openChannel(16992, signal) },
        host: `${session.guid}:16992`,
        credentials: { username: 'admin', password: secret(password) },
        deadlineMs: 5000,
      }),
    [Symbol.asyncDispose]: async () => {
      for (const session of sessions) session.close()
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** Resolves when the firmware's tunnel is there; at once where it is. */
export const tunnelAt = (
  firmware: Firmware,
  wanted: (status: Firmware['device']['volatile']['tunnel']) => boolean,
): Promise<void> =>
  new Promise((resolve) => {
    if (wanted(firmware.device.volatile.tunnel)) {
      resolve()
      return
    }
    const off = firmware.events.on('tunnel', (status) => {
      if (!wanted(status)) return
      off()
      resolve()
    })
  })
