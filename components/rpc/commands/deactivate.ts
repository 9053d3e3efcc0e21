import { type Milliseconds, seconds } from '@outrider/protocols/values'
import type { Invocation } from '../command-line/parse.ts'
import type { RpcDeps } from '../deps.ts'
import { rpcFaults } from '../faults.ts'
import type { Log } from '../log.ts'
import { engineOf, reachAmt } from '../reach-amt.ts'
import { runRemotely, serverUrl } from './remote.ts'

const LOOKS = 10
const BETWEEN_LOOKS: Milliseconds = seconds(1)
const IN_PROVISIONING = 1

/** `deactivate`: by the provisioning server of `--url`, or, in client control mode, `--local`. */
export const deactivate = async (invocation: Invocation, deps: RpcDeps, log: Log): Promise<number> => {
  const url = invocation.value('url')
  const local = invocation.on('local')
  if (url !== undefined && local)
    throw rpcFaults.RPC_COMBINATION({ reason: "provide either a 'url' or a 'local', but not both" })
  if (url === undefined && !local)
    throw rpcFaults.RPC_NO_URL({ reason: '-u flag is required when not using local mode' })
  if (invocation.on('partial')) {
    if (!local) throw rpcFaults.RPC_COMBINATION({ reason: 'partial unprovisioning is only supported with local flag' })
    throw rpcFaults.RPC_NOT_BUILT({ what: 'partial unprovisioning' })
  }
  if (url === undefined) await unprovisionLocally(deps, log)
  else
    await runRemotely(
      serverUrl(url),
      (password) => ({ verb: 'deactivate', password, force: invocation.on('force') }),
      invocation,
      deps,
      log,
    )
  log.info('Status: Device deactivated')
  if (invocation.on('json'))
    deps.stdout(`${JSON.stringify({ status: 'success', message: 'Device deactivated' }, null, 2)}\n`)
  return 0
}

/** Over AMTHI, which needs no password and works in client control mode only; looks whether it is so. */
const unprovisionLocally = async (deps: RpcDeps, log: Log): Promise<void> => {
  const { amthi } = engineOf(deps)
  const mode = await reachAmt({ ...engineOf(deps), amthi }, deps, log)
  if (mode === 0) {
    // A configuration that was begun and never finished looks like this; it is left the same way.
    if ((await amthi.getProvisioningState(deps.signal)) !== IN_PROVISIONING) throw rpcFaults.DEVICE_NOT_ACTIVATED()
    await amthi.stopConfiguration(deps.signal)
    return
  }
  log.info('AMT password not required for CCM deactivation')
  if ((await amthi.unprovision(deps.signal)) === 'admin-mode') throw rpcFaults.AMT_ADMIN_MODE()
  for (let look = 1; ; look++) {
    const now = await amthi.getControlMode(deps.signal)
    if (now === 0) return
    if (look >= LOOKS) throw rpcFaults.AMT_STILL_ACTIVATED({ mode: now })
    await deps.pause(BETWEEN_LOOKS, deps.signal)
  }
}
