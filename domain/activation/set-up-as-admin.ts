import { CONTROL_MODE, HTTP_DIGEST_MD5_A1, IPS_HostBasedSetupService, RSA_SHA2_256 } from '@outrider/protocols/amt'
import { type Bytes, concat, type Fault } from '@outrider/protocols/values'
import type { Wsman } from '@outrider/protocols/wsman'
import { isAmbiguous, refusal } from './answers.ts'
import { confirmSetup } from './confirm-setup.ts'
import type { ActivationDevice, ActivationPorts } from './device.ts'
import { type ActivatedEntry, enterAsAdmin, type HostBasedSetup, type IdleEntry } from './enter.ts'
import { activationFaults } from './faults.ts'
import { adminHa1 } from './password.ts'
import type { ActivationPlan } from './plan.ts'
import { presentChain } from './present-chain.ts'
import type { Prove } from './provisioning-proof.ts'
import { writeAhead } from './write-ahead.ts'

const NONCE_BYTES = 20

/**
 * Takes an idle device into admin control mode: it is shown the provisioning chain, then told a password written
 * ahead together with a signature over its nonce and ours, once. Where the answer is lost, it looks (reference/rps.md
 * 2.2). Throws what `prove` throws, `CONTROL_MODE_NOT_OFFERED`, `CONFIGURATION_NONCE_MISSING`,
 * `PROVISIONING_CERTIFICATE_REFUSED`, `PROVISIONING_SIGNATURE_REFUSED`, `ADMIN_SETUP_REFUSED`,
 * `SETUP_NOT_CONFIRMED`, `CONTROL_MODE_NOT_REACHED`.
 */
export const setUpAsAdmin = async (
  device: ActivationDevice,
  plan: ActivationPlan,
  entry: IdleEntry,
  realm: string,
  prove: Prove,
  ports: ActivationPorts,
  signal: AbortSignal,
): Promise<ActivatedEntry> => {
  const modes = entry.setup.AllowedControlModes
  if (modes !== undefined && modes.length > 0 && !modes.includes(CONTROL_MODE.admin))
    throw activationFaults.CONTROL_MODE_NOT_OFFERED({ mode: 'admin' })
  const evidence = await convince(entry.wsman, entry.setup, prove, ports, signal)
  const { password, version } = await writeAhead(plan, ports, signal)
  try {
    await entry.wsman.invoke(
      IPS_HostBasedSetupService,
      'AdminSetup',
      {
        NetAdminPassEncryptionType: HTTP_DIGEST_MD5_A1,
        NetworkAdminPassword: adminHa1(realm, password, ports.md5),
        ...evidence,
      },
      signal,
    )
  } catch (error) {
    signal.throwIfAborted()
    const status = refusal(error)
    // Perhaps set up since we looked, by a call of ours whose answer was lost; else it is the state of the chain.
    if (status === 'INVALID_STATE')
      return enterAsAdmin(device, ports, signal).catch((inner: Fault) => {
        throw inner.code === 'AMT_PASSWORD_UNKNOWN' ? activationFaults.ADMIN_SETUP_REFUSED({ status }, error) : inner
      })
    if (status === 'AUTHENTICATION_FAILED') throw activationFaults.PROVISIONING_SIGNATURE_REFUSED({}, error)
    if (status !== undefined) throw activationFaults.ADMIN_SETUP_REFUSED({ status }, error)
    if (!isAmbiguous(error)) throw error
  }
  const activated = await confirmSetup(device, password, 'any', ports, signal)
  if ((await ports.secrets.promote(version, signal)) === 'stale') throw activationFaults.ACTIVATION_SUPERSEDED()
  return activated
}

/**
 * Takes a device from client into admin control mode; its password stays (reference/rps.md 2.4). Throws what
 * `prove` throws, `CONFIGURATION_NONCE_MISSING`, `PROVISIONING_CERTIFICATE_REFUSED`,
 * `PROVISIONING_SIGNATURE_REFUSED`, `UPGRADE_REFUSED`, `UPGRADE_NOT_CONFIRMED`, `CONTROL_MODE_NOT_REACHED`.
 */
export const upgradeToAdmin = async (
  device: ActivationDevice,
  entry: ActivatedEntry,
  prove: Prove,
  ports: ActivationPorts,
  signal: AbortSignal,
): Promise<ActivatedEntry> => {
  const setup = await entry.wsman.get(IPS_HostBasedSetupService, {}, signal)
  const evidence = await convince(entry.wsman, setup, prove, ports, signal)
  try {
    await entry.wsman.invoke(IPS_HostBasedSetupService, 'UpgradeClientToAdmin', evidence, signal)
  } catch (error) {
    signal.throwIfAborted()
    const status = refusal(error)
    if (status === 'AUTHENTICATION_FAILED') throw activationFaults.PROVISIONING_SIGNATURE_REFUSED({}, error)
    if (status !== undefined) throw activationFaults.UPGRADE_REFUSED({ status }, error)
    if (!isAmbiguous(error)) throw error
  }
  return confirmSetup(device, entry.password, 'admin', ports, signal)
}

interface Evidence {
  readonly McNonce: Bytes
  readonly SigningAlgorithm: number
  readonly DigitalSignature: Bytes
}

/** Shows the chain and signs the device's nonce, then ours, with its leaf. */
const convince = async (
  wsman: Wsman,
  setup: HostBasedSetup,
  prove: Prove,
  ports: ActivationPorts,
  signal: AbortSignal,
): Promise<Evidence> => {
  const nonce = setup.ConfigurationNonce
  if (nonce?.length !== NONCE_BYTES) throw activationFaults.CONFIGURATION_NONCE_MISSING()
  const { chain, sign } = await prove(signal)
  await presentChain(wsman, chain, signal)
  ports.report({ step: 'certificates', label: 'Provisioning certificates accepted' })
  const McNonce = ports.random.bytes(NONCE_BYTES)
  return { McNonce, SigningAlgorithm: RSA_SHA2_256, DigitalSignature: await sign(concat([nonce, McNonce])) }
}
