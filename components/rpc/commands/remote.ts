import { operationalStateBar } from '@outrider/protocols/mei'
import type { Outcome, RpsCommand } from '@outrider/protocols/rps'
import type { Secret } from '@outrider/protocols/values'
import { amtPorts, lmsOnTcp } from '@outrider/sessions/local-management'
import type { Invocation } from '../command-line/parse.ts'
import type { HostSystem, RpcDeps } from '../deps.ts'
import { describeDevice } from '../describe-device.ts'
import { rpcFaults } from '../faults.ts'
import type { Log } from '../log.ts'
import { type Engine, engineOf, reachAmt } from '../reach-amt.ts'
import { LocalWay } from '../relay/local-way.ts'
import { relay } from '../relay/relay.ts'
import { amtPassword } from './password.ts'

/** `wss://…` of `--url`. Throws `RPC_NO_URL`, `RPC_NOT_BUILT`. */
export const serverUrl = (url: string): string => {
  const scheme = /^([a-z][a-z\d+.-]*):\/\//i.exec(url)?.[1]?.toLowerCase()
  if (scheme === 'http' || scheme === 'https')
    throw rpcFaults.RPC_NOT_BUILT({ what: 'provisioning with a profile fetched over http(s)' })
  if ((scheme !== 'ws' && scheme !== 'wss') || !URL.canParse(url))
    throw rpcFaults.RPC_NO_URL({ reason: `unsupported url scheme: ${url}` })
  return url
}

/** What a run under a server ended with. */
export interface RemoteResult {
  readonly outcome: Outcome
  readonly system: HostSystem
}

/**
 * Lets the server at `url` do `command` with this device: describes the device to it and relays between the two
 * until the server says it is done. Throws `RPS_REFUSED` or `AMT_REFUSED_PASSWORD` where it failed.
 */
export const runRemotely = async (
  url: string,
  command: (password: Secret | undefined) => RpsCommand,
  invocation: Invocation,
  deps: RpcDeps,
  log: Log,
): Promise<RemoteResult> => {
  const { signal, pause, patience } = deps
  const engine = engineOf(deps)
  const tlsEnforced = await prepareAmt(engine, deps, log)
  const controlMode = await reachAmt(engine, deps, log)
  const password = controlMode === 0 ? undefined : await amtPassword(invocation, deps)
  if (controlMode !== 0 && password === undefined) throw rpcFaults.RPC_NO_PASSWORD()
  const port = tlsEnforced ? amtPorts.https : amtPorts.http
  if (tlsEnforced) log.info('TLS is enforced on local ports')

  await using local = await openLocalPorts(port, invocation, deps)
  log.debug(`local ports of AMT: ${local.way}`)
  const system = await deps.system()
  const device = await describeDevice(
    engine,
    { controlMode, password, tlsEnforced, lmsInstalled: local.way === 'lms' },
    {
      uuid: invocation.value('uuid'),
      dns: invocation.value('dns'),
      hostname: invocation.value('hostname'),
      friendlyName: invocation.value('name'),
      tlsTunnel: invocation.on('tls-tunnel'),
    },
    system,
    log,
    signal,
  )
  log.info(`connecting to ${url}`)
  const target = {
    url,
    verify: !invocation.on('skip-cert-check'),
    ca: await authorities(invocation, deps),
    proxy: proxyFor(url, invocation, deps),
  }
  if (!target.verify) log.warning('the certificate of the server is not verified')
  await using socket = await deps.dialRps(target, signal)
  log.info(`connected to ${url}`)
  const first = {
    type: 'command',
    command: command(password),
    device,
    tenantId: invocation.value('tenantid') ?? '',
  } as const
  const portSwitch = {
    extraSeconds: wholeSeconds(deps.env.RPC_PORT_SWITCH_EXTRA_DELAY, 0),
    maxSeconds: wholeSeconds(deps.env.RPC_PORT_SWITCH_MAX_DELAY, 60),
  }
  const outcome = await relay(
    first,
    { socket, local, port, log, pause, patience, appVersion: deps.build.version, portSwitch },
    signal,
  )
  report(outcome, log)
  if (!outcome.success) throw refusal(outcome)
  return { outcome, system }
}

/** Whether local TLS is enforced. Enables AMT where BIOS has it off and lets us. Throws `AMT_DISABLED_IN_BIOS`. */
const prepareAmt = async ({ watchdog }: Engine, { signal }: RpcDeps, log: Log): Promise<boolean> => {
  const state = await watchdog.isChangeToAmtEnabled(signal).catch(() => {
    // Engines before 16.1 have no such client; what matters then shows in the control mode.
    signal.throwIfAborted()
    return undefined
  })
  if (state === undefined) return false
  if (state.newInterface && !state.amtEnabled) {
    const bar = operationalStateBar(state)
    if (bar !== undefined) throw rpcFaults.AMT_DISABLED_IN_BIOS({ bar })
    const status = await watchdog.setAmtOperationalState(true, signal)
    if (status !== 0) throw rpcFaults.AMT_DISABLED_IN_BIOS({ bar: `status ${status}` })
    log.info('AMT enabled successfully')
  }
  return state.tlsEnforcedOnLocalPorts
}

/** The way to AMT's local ports, by LMS where the flags and the machine have one. */
export const openLocalPorts = (port: number, invocation: Invocation, deps: RpcDeps): Promise<LocalWay> =>
  LocalWay.open(
    { ...deps.patience, mei: deps.mei, pause: deps.pause, port, dialLms: dialLms(invocation, deps) },
    deps.signal,
  )

const dialLms = (invocation: Invocation, deps: RpcDeps) => {
  const address = invocation.value('lmsaddress') ?? deps.lmsAddress
  if (address === undefined || address === 'none') return undefined
  const port = Number(invocation.value('lmsport'))
  // `localhost` may be another place than where LMS listens.
  return lmsOnTcp(
    address === 'localhost' ? '127.0.0.1' : address,
    Number.isInteger(port) && port > 0 ? (amtPort) => port + amtPort - amtPorts.http : undefined,
  )
}

const authorities = async (invocation: Invocation, deps: RpcDeps): Promise<string | undefined> => {
  const file = invocation.value('ca-file')
  if (file === undefined) return undefined
  try {
    return await deps.readFile(file)
  } catch (error) {
    throw rpcFaults.RPC_CA_FILE({ file }, error)
  }
}

/** The flag, else what the environment has for the scheme and does not exclude the host from. */
const proxyFor = (url: string, invocation: Invocation, { env }: RpcDeps): string | undefined => {
  const given = invocation.value('proxy')
  if (given !== undefined) return given
  const { protocol, hostname } = new URL(url)
  const name = protocol === 'wss:' ? 'https_proxy' : 'http_proxy'
  const proxy = env[name] ?? env[name.toUpperCase()]
  if (proxy === undefined || proxy === '') return undefined
  const excluded = (env.no_proxy ?? env.NO_PROXY ?? '')
    .split(',')
    .map((entry) => entry.trim().replace(/^\*?\./, ''))
    .filter((entry) => entry !== '')
  if (isLoopback(hostname)) return undefined
  const isExcluded = excluded.some((entry) => entry === '*' || hostname === entry || hostname.endsWith(`.${entry}`))
  return isExcluded ? undefined : proxy
}

const isLoopback = (host: string): boolean => host === 'localhost' || host === '[::1]' || /^127\./.test(host)

const wholeSeconds = (text: string | undefined, otherwise: number): number =>
  text !== undefined && /^\d{1,6}$/.test(text) ? Number(text) : otherwise

/** The lines agents and scripts look for (reference/rpc.md 13.4). */
const report = (outcome: Outcome & { readonly success: boolean }, log: Log): void => {
  if (outcome.is === 'text') {
    if (outcome.success) log.info(outcome.text)
    else log.error(outcome.text)
    return
  }
  const { Status, Network, CIRAConnection, TLSConfiguration } = outcome.report
  // An agent of the field recognises a failure by this text alone in its line.
  if (!outcome.success) log.error(Status)
  for (const [label, text] of [
    ['Status', Status],
    ['Network', Network],
    ['CIRA', CIRAConnection],
    ['TLS', TLSConfiguration],
  ] as const)
    log.info(`${label}: ${text}`)
}

const refusal = (outcome: Outcome) => {
  const status = outcome.is === 'text' ? outcome.text : outcome.report.Status
  return status.startsWith('Unable to authenticate with AMT')
    ? rpcFaults.AMT_REFUSED_PASSWORD({ status })
    : rpcFaults.RPS_REFUSED({ status })
}
