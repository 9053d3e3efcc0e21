import { AMT_SetupAndConfigurationService } from '@outrider/protocols/amt'
import { Fault, type Milliseconds, seconds } from '@outrider/protocols/values'
import { amtPorts } from '@outrider/sessions/local-management'
import { createWsmanSession } from '@outrider/sessions/wsman'
import type { Invocation } from '../command-line/parse.ts'
import type { RpcDeps } from '../deps.ts'
import { rpcFaults } from '../faults.ts'
import type { Log } from '../log.ts'
import { engineOf, reachAmt } from '../reach-amt.ts'
import { amtPassword } from './password.ts'
import { openLocalPorts, runRemotely, serverUrl } from './remote.ts'

const LOOKS = 10
const BETWEEN_LOOKS: Milliseconds = seconds(1)
const IN_PROVISIONING = 1
const ADMIN_MODE = 2
const WSMAN_DEADLINE: Milliseconds = seconds(15)

/** `deactivate`: by the provisioning server of `--url`, or `--local` by itself. */
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
  if (url === undefined) await unprovisionLocally(invocation, deps, log)
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

/**
 * Client control mode is left over AMTHI, which needs no password; admin control mode over WS-MAN as `admin`. Then
 * looks whether it is so.
 */
const unprovisionLocally = async (invocation: Invocation, deps: RpcDeps, log: Log): Promise<void> => {
  const engine = engineOf(deps)
  const { amthi } = engine
  const mode = await reachAmt(engine, deps, log)
  if (mode === 0) {
    // A configuration that was begun and never finished looks like this; it is left the same way.
    if ((await amthi.getProvisioningState(deps.signal)) !== IN_PROVISIONING) throw rpcFaults.DEVICE_NOT_ACTIVATED()
    await amthi.stopConfiguration(deps.signal)
    return
  }
  if (mode === ADMIN_MODE) await unprovisionAsAdmin(invocation, deps, log)
  else {
    log.info('AMT password not required for CCM deactivation')
    if ((await amthi.unprovision(deps.signal)) === 'admin-mode') await unprovisionAsAdmin(invocation, deps, log)
  }
  for (let look = 1; ; look++) {
    const now = await amthi.getControlMode(deps.signal)
    if (now === 0) return
    if (look >= LOOKS) throw rpcFaults.AMT_STILL_ACTIVATED({ mode: now })
    await deps.pause(BETWEEN_LOOKS, deps.signal)
  }
}

/** AMT forgets who asked while it carries this out, so an answer may never come: the control mode tells. */
const unprovisionAsAdmin = async (invocation: Invocation, deps: RpcDeps, log: Log): Promise<void> => {
  const password = await amtPassword(invocation, deps)
  if (password === undefined) throw rpcFaults.RPC_NO_PASSWORD()
  await using local = await openLocalPorts(amtPorts.http, invocation, deps)
  using wsman = createWsmanSession({
    way: { openStream: (signal) => local.openLocal(amtPorts.http, signal) },
    host: `localhost:${amtPorts.http}`,
    credentials: { username: 'admin', password },
    deadlineMs: WSMAN_DEADLINE,
  })
  try {
    await wsman.invoke(AMT_SetupAndConfigurationService, 'Unprovision', { ProvisioningMode: 1 }, deps.signal)
  } catch (error) {
    deps.signal.throwIfAborted()
    const fault = Fault.from(error)
    if (fault.code === 'WSMAN_UNAUTHORIZED') throw rpcFaults.AMT_WRONG_PASSWORD({}, error)
    if (fault.kind === 'device') throw rpcFaults.AMT_NOT_DEACTIVATED({ reason: fault.message }, error)
    log.debug(`no answer to Unprovision: ${fault.message}`)
  }
}
