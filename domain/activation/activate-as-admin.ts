import { type Activated, activate } from './activate.ts'
import type { ActivationDevice, ActivationPorts } from './device.ts'
import type { ActivationPlan } from './plan.ts'
import type { Prove } from './provisioning-proof.ts'
import { setUpAsAdmin, upgradeToAdmin } from './set-up-as-admin.ts'

/**
 * Activates a device in admin control mode and configures it as planned: from nothing, from client control mode,
 * or, where it is in admin control mode already, by configuring it again. Every step looks first, as in
 * `activateAsClient`. `prove` is asked only where the device has to be convinced.
 *
 * Throws the faults of `activationFaults`, of `prove`, `Wsman`, `SecretStore` and `DeviceRegistry`.
 */
export const activateAsAdmin = (
  device: ActivationDevice,
  plan: ActivationPlan,
  prove: Prove,
  ports: ActivationPorts,
  signal: AbortSignal,
): Promise<Activated> =>
  activate(
    device,
    plan,
    {
      setUp: (entry, realm) => setUpAsAdmin(device, plan, entry, realm, prove, ports, signal),
      upgrade: (entry) => upgradeToAdmin(device, entry, prove, ports, signal),
    },
    ports,
    signal,
  )
