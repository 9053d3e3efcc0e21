import {
  AMT_ManagementPresenceRemoteSAP,
  AMT_UserInitiatedConnectionService,
  USER_CONNECTION_STATE,
} from '@outrider/protocols/amt'
import type { Secret } from '@outrider/protocols/values'
import type { Wsman } from '@outrider/protocols/wsman'
import { deviceSecretKeys } from '../ports/index.ts'
import { orLacking, refusal } from './answers.ts'
import type { ActivationDevice, ActivationPorts } from './device.ts'
import { dialFromEverywhere, dialFromNowhere } from './environment.ts'
import { activationFaults } from './faults.ts'
import { applyPolicies, type PolicyRule, readPolicies, removePolicy } from './mps-policies.ts'
import { trustMpsRoot } from './mps-root.ts'
import { addMpsServer, isOurs, type MpsServer } from './mps-server.ts'
import { randomPassword } from './password.ts'
import type { CiraPlan } from './plan.ts'

/**
 * Makes the device dial our MPS and nobody else's (reference/rps.md 2.8.7). Each part is looked at first. The
 * MPS knows the device and its password before the device can dial. Throws `MPS_ROOT_REFUSED`,
 * `CERTIFICATE_STORE_FULL`, `REMOTE_ACCESS_REFUSED`, `ACTIVATION_SUPERSEDED`.
 */
export const configureRemoteAccess = async (
  device: ActivationDevice,
  wsman: Wsman,
  plan: CiraPlan,
  ports: ActivationPorts,
  signal: AbortSignal,
): Promise<void> => {
  await trustMpsRoot(wsman, plan.rootCertificate, signal)
  const servers = await wsman.enumerate(AMT_ManagementPresenceRemoteSAP, signal)
  let policies = await readPolicies(wsman, signal)
  const login = await mpsLogin(plan, ports, signal)
  const [ours, ...others] = [...servers].sort((a, b) => Number(isOurs(b, plan)) - Number(isOurs(a, plan)))
  const kept = ours !== undefined && isOurs(ours, plan) && login.told ? ours : undefined
  if (servers.length > 0 && (kept === undefined || others.length > 0)) {
    await removeServers(wsman, kept === undefined ? servers : others, policies, signal)
    policies = []
  }
  const server = kept?.Name ?? (await addMpsServer(wsman, plan, login.password, signal))
  if (login.version !== undefined && (await ports.secrets.promote(login.version, signal)) === 'stale')
    throw activationFaults.ACTIVATION_SUPERSEDED()
  await register(device, plan.username, ports, signal)
  await applyPolicies(wsman, server, policies, signal)
  await letUserConnect(wsman, signal)
  await dialFromEverywhere(wsman, ports.random, signal)
}

/** Takes away every server, policy and inside domain, where there are any: the device dials nobody. */
export const clearRemoteAccess = async (wsman: Wsman, signal: AbortSignal): Promise<'cleared' | 'unchanged'> => {
  const servers = (await orLacking(wsman.enumerate(AMT_ManagementPresenceRemoteSAP, signal))) ?? []
  if (servers.length > 0) await removeServers(wsman, servers, await readPolicies(wsman, signal), signal)
  const domains = await orLacking(dialFromNowhere(wsman, signal))
  return servers.length > 0 || domains === 'configured' ? 'cleared' : 'unchanged'
}

/** MPS registers a device it need not expect to dial, so that it is found there. */
export const register = async (
  device: ActivationDevice,
  mpsUsername: string,
  ports: ActivationPorts,
  signal: AbortSignal,
): Promise<void> => {
  const { project, guid } = device
  await ports.registry.register({ ...device.about, project, guid, mpsUsername }, signal)
  await ports.registry.credentialsChanged(project, guid, signal)
  ports.report({ step: 'registered', label: 'Device registered' })
}

interface MpsLogin {
  readonly password: Secret
  /** Whether the device is known to have this password already. */
  readonly told: boolean
  /** The pending version to promote once it is told. */
  readonly version?: number
}

/** The password the device logs in to MPS with: kept, or written ahead of telling it. */
const mpsLogin = async (plan: CiraPlan, ports: ActivationPorts, signal: AbortSignal): Promise<MpsLogin> => {
  const { promoted, pending } = await ports.secrets.read(signal)
  const known = promoted?.values[deviceSecretKeys.mps]
  const ahead = pending?.values[deviceSecretKeys.mps]
  const isWanted = (password: Secret): boolean =>
    plan.password === undefined || plan.password.reveal() === password.reveal()
  if (ahead !== undefined && isWanted(ahead)) return { password: ahead, told: false, version: pending!.version }
  if (known !== undefined && ahead === undefined && isWanted(known)) return { password: known, told: true }
  const password = plan.password ?? randomPassword(ports.random)
  const { version } = await ports.secrets.writePending(
    { ...promoted?.values, [deviceSecretKeys.mps]: password },
    signal,
  )
  return { password, told: false, version }
}

/** Policies first: a server that a policy names cannot go. */
const removeServers = async (
  wsman: Wsman,
  servers: readonly MpsServer[],
  policies: readonly PolicyRule[],
  signal: AbortSignal,
): Promise<void> => {
  for (const { PolicyRuleName: name } of policies) if (name !== undefined) await removePolicy(wsman, name, signal)
  for (const { Name } of servers)
    if (Name !== undefined) await orLacking(wsman.delete(AMT_ManagementPresenceRemoteSAP, { Name }, signal))
}

/** A person at the machine may ask for a tunnel, in BIOS and operating system. Firmware without it does without. */
const letUserConnect = async (wsman: Wsman, signal: AbortSignal): Promise<void> => {
  const service = await orLacking(wsman.get(AMT_UserInitiatedConnectionService, {}, signal))
  if (service === undefined || service.EnabledState === USER_CONNECTION_STATE.both) return
  const requested = { RequestedState: USER_CONNECTION_STATE.both }
  try {
    await wsman.invoke(AMT_UserInitiatedConnectionService, 'RequestStateChange', requested, signal)
  } catch (error) {
    const status = refusal(error)
    if (status === undefined) throw error
    throw activationFaults.REMOTE_ACCESS_REFUSED({ step: 'user initiated connections', status }, error)
  }
}
