import { AMT_GeneralSettings } from '@outrider/protocols/amt'
import { Fault, type FaultRecord } from '@outrider/protocols/values'
import type { Wsman } from '@outrider/protocols/wsman'
import type { ControlMode } from '../hosts/index.ts'
import { keepToPassword } from './admin-password.ts'
import { isLacking, refusal } from './answers.ts'
import type { ActivationDevice, ActivationPorts } from './device.ts'
import { type ActivatedEntry, type Entry, enter, type IdleEntry } from './enter.ts'
import { activationFaults } from './faults.ts'
import { configureFeatures, type Features } from './features.ts'
import { configureGeneralSettings, type GeneralSettings } from './general-settings.ts'
import { setMebxPassword } from './mebx-password.ts'
import { configureWiredPort } from './network.ts'
import { isDigestRealm } from './password.ts'
import type { ActivationPlan } from './plan.ts'
import { clearRemoteAccess, configureRemoteAccess, register } from './remote-access.ts'
import { setUpAsClient } from './set-up-as-client.ts'

/** How one part of the configuration ended. A part that failed did not stop the rest. */
export type PartOutcome =
  | { readonly result: 'configured' | 'unchanged' | 'not-applicable' }
  | { readonly result: 'failed'; readonly fault: FaultRecord }

/** What an activation found and left. */
export interface Activated {
  /** Control mode before it: `none` = it was this call that activated the device. */
  readonly before: ControlMode
  /** Read back from the device. */
  readonly mode: Exclude<ControlMode, 'none'>
  readonly network: PartOutcome
  readonly features: PartOutcome
  /** Whether the device dials home now. Remote access that cannot be configured is a fault, never silence. */
  readonly cira: boolean
}

/** How a control mode is reached. */
export interface Way {
  /** From nothing. */
  readonly setUp: (entry: IdleEntry, realm: string) => Promise<ActivatedEntry>
  /** From client control mode, where that is not already what is wanted. */
  readonly upgrade?: (entry: ActivatedEntry) => Promise<ActivatedEntry>
}

/**
 * Activates a device in client control mode and configures it as planned. Every step looks first: after a lost
 * connection or a crash it is simply called again and goes on from what the device says. A device that is in
 * admin control mode already stays in it.
 *
 * Throws the faults of `activationFaults`, of `Wsman`, `SecretStore` and `DeviceRegistry`.
 */
export const activateAsClient = (
  device: ActivationDevice,
  plan: ActivationPlan,
  ports: ActivationPorts,
  signal: AbortSignal,
): Promise<Activated> =>
  activate(
    device,
    plan,
    { setUp: (entry, realm) => setUpAsClient(device, plan, entry, realm, ports, signal) },
    ports,
    signal,
  )

/** The skeleton every control mode shares: only the way there differs. */
export const activate = async (
  device: ActivationDevice,
  plan: ActivationPlan,
  way: Way,
  ports: ActivationPorts,
  signal: AbortSignal,
): Promise<Activated> => {
  ports.report({ step: 'started', label: 'Starting provisioning' })
  const entry = await enter(device, ports, signal)
  const settings = await entry.wsman.get(AMT_GeneralSettings, {}, signal)
  const realm = (): string => {
    if (!isDigestRealm(settings.DigestRealm)) throw activationFaults.DIGEST_REALM_INVALID()
    return settings.DigestRealm
  }
  let activated = entry.mode === 'none' ? await way.setUp(entry, realm()) : entry
  if (activated.mode === 'client' && way.upgrade !== undefined) activated = await way.upgrade(activated)
  ports.report(
    activated.mode === entry.mode
      ? { step: 'already-activated', label: 'Device already activated' }
      : { step: 'activated', label: 'Activation completed' },
  )
  activated = await keepToPassword(device, plan, activated, realm, ports, signal)
  if (plan.mebx !== undefined && activated.mode === 'admin') {
    const outcome = await setMebxPassword(activated, plan.mebx, entry.mode !== 'admin', ports, signal)
    if (outcome === 'configured') ports.report({ step: 'mebx', label: 'MEBx password set' })
  }
  return {
    before: entry.mode,
    mode: activated.mode,
    ...(await configure(device, plan, entry, activated, settings, ports, signal)),
  }
}

const configure = async (
  device: ActivationDevice,
  plan: ActivationPlan,
  entry: Entry,
  { wsman }: ActivatedEntry,
  settings: GeneralSettings,
  ports: ActivationPorts,
  signal: AbortSignal,
): Promise<Pick<Activated, 'network' | 'features' | 'cira'>> => {
  // A device that was idle has nothing of anybody in it.
  if (entry.mode !== 'none' && plan.cira === undefined && (await clearRemoteAccess(wsman, signal)) === 'cleared')
    ports.report({ step: 'cleared', label: 'Clearing previous configuration' })
  ports.report({ step: 'network-started', label: 'Configuring network settings' })
  const network = await part(() => configureNetwork(wsman, plan, settings, signal), signal)
  ports.report({
    step: 'network',
    label:
      network.result === 'failed'
        ? `Wired network configuration failed: ${network.fault.message}`
        : 'Wired network configuration completed',
  })
  ports.report({ step: 'features-started', label: 'Configuring AMT features' })
  let reached: Features | undefined
  const features = await part(async () => {
    reached = await configureFeatures(wsman, plan.features, signal)
    return reached.changed ? 'configured' : 'unchanged'
  }, signal)
  ports.report({
    step: 'features',
    label:
      features.result === 'failed'
        ? `AMT features configuration failed: ${features.fault.message}`
        : `AMT features completed: ${featureLabel(reached)}`,
  })
  if (plan.cira === undefined) {
    await register(device, '', ports, signal)
    return { network, features, cira: false }
  }
  ports.report({ step: 'cira-started', label: 'Configuring CIRA remote access' })
  try {
    await configureRemoteAccess(device, wsman, plan.cira, ports, signal)
  } catch (error) {
    const { message } = Fault.from(error)
    ports.report({ step: 'cira', label: `CIRA configuration failed: ${message}` })
    throw error
  }
  ports.report({ step: 'cira', label: 'CIRA configuration completed' })
  return { network, features, cira: true }
}

const configureNetwork = async (
  wsman: Wsman,
  plan: ActivationPlan,
  settings: GeneralSettings,
  signal: AbortSignal,
): Promise<'configured' | 'unchanged' | 'not-applicable'> => {
  const general = await configureGeneralSettings(wsman, settings, signal)
  const port = await configureWiredPort(wsman, plan.network, signal)
  return port === 'unchanged' ? general : port
}

/** What the firmware refuses or lacks in a part ends the part; everything else (a lost connection) ends the whole. */
const part = async (
  work: () => Promise<'configured' | 'unchanged' | 'not-applicable'>,
  signal: AbortSignal,
): Promise<PartOutcome> => {
  try {
    return { result: await work() }
  } catch (error) {
    signal.throwIfAborted()
    const own = error instanceof Fault && error.code in activationFaults.entries
    if (!own && refusal(error) === undefined && !isLacking(error)) throw error
    return { result: 'failed', fault: (error as Fault).record() }
  }
}

const featureLabel = (features: Features | undefined): string => {
  const on = [features?.kvm && 'KVM', features?.sol && 'SOL', features?.ider && 'IDER'].filter(Boolean)
  const consent = { none: 'None', kvm: 'KVM', all: 'All' }[features?.consent ?? 'all']
  return `${on.length === 0 ? 'none' : on.join(', ')} (User Consent: ${consent})`
}
