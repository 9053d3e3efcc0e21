import type { Invocation } from '../command-line/parse.ts'
import type { RpcDeps } from '../deps.ts'
import { rpcFaults } from '../faults.ts'
import type { Log } from '../log.ts'
import { runRemotely, serverUrl } from './remote.ts'

const LOCAL_ONLY = ['ccm', 'acm', 'stopConfig', 'provisioningCert', 'provisioningCertPwd', 'skipIPRenew'] as const

/** `activate`: by the provisioning server of `--url`. Throws faults of `commands/remote.ts` and of wrong usage. */
export const activate = async (invocation: Invocation, deps: RpcDeps, log: Log): Promise<number> => {
  const { url, profile } = validated(invocation)
  log.info(`Starting remote AMT activation via RPS server: ${url}`)
  log.info(`Using profile: ${profile}`)
  await runRemotely(url, () => ({ verb: 'activate', profile, force: invocation.on('force') }), invocation, deps, log)
  const friendlyName = invocation.value('name') ?? ''
  const message = 'Device activated successfully via RPS'
  if (invocation.on('json')) {
    const overrides = {
      dns: invocation.value('dns'),
      hostname: invocation.value('hostname'),
      uuid: invocation.value('uuid'),
    }
    const given = Object.fromEntries(Object.entries(overrides).filter(([, value]) => value !== undefined))
    const document = {
      status: 'success',
      message,
      rps_server: url,
      profile,
      friendly_name: friendlyName,
      device_info: { profile, ...given, friendly_name: friendlyName },
    }
    deps.stdout(`${JSON.stringify(document, null, 2)}\n`)
    return 0
  }
  log.info(`Status: ${message}`)
  log.info(`RPS Server: ${url}`)
  log.info(`Profile: ${profile}`)
  if (friendlyName !== '') log.info(`Friendly Name: ${friendlyName}`)
  return 0
}

/** The texts are the field's (reference/rpc.md 2.6). */
const validated = (invocation: Invocation): { readonly url: string; readonly profile: string } => {
  const url = invocation.value('url')
  const profile = invocation.value('profile')
  const local = ['local', ...LOCAL_ONLY].some((flag) => invocation.given(flag))
  if (url === undefined) {
    if (local) throw rpcFaults.RPC_NOT_BUILT({ what: 'local activation' })
    throw rpcFaults.RPC_NO_URL({
      reason:
        profile === undefined
          ? 'specify either --url for remote activation or --local/--ccm/--acm for local activation'
          : '--profile as a name requires --url with ws/wss scheme',
    })
  }
  serverUrl(url)
  if (invocation.on('local')) throw rpcFaults.RPC_COMBINATION({ reason: 'cannot specify both --local and --url flags' })
  const misplaced = LOCAL_ONLY.find((flag) => invocation.given(flag))
  if (misplaced !== undefined)
    throw rpcFaults.RPC_COMBINATION({ reason: `${misplaced} flag is only valid for local activation, not with --url` })
  if (profile === undefined) throw rpcFaults.RPC_NO_PROFILE()
  return { url, profile }
}
