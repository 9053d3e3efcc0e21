import type { Device, DeviceControl, DeviceRegistry, DeviceStore } from '@outrider/domain/ports'
import { availablePowerRequests, readPowerState } from '@outrider/domain/power'
import { AMT_SetupAndConfigurationService, CONTROL_MODE, IPS_HostBasedSetupService } from '@outrider/protocols/amt'
import type { ConnectedDevices } from './devices/connected.ts'
import { mpsFaults } from './faults.ts'
import { requestPlainPower } from './power-action.ts'

/** Of `Unprovision`: everything, back to factory. */
const FULL = 1

/** What dm-manager asks of MPS about one device. */
export const deviceControl = (connected: ConnectedDevices): DeviceControl => ({
  presence: (project, guid) => Promise.resolve(connected.find(project, guid)?.entry),
  powerState: async (project, guid, signal) =>
    connected.require(project, guid).withWsman((wsman) => readPowerState(wsman, signal), signal),
  availablePowerRequests: async (project, guid, signal) =>
    connected.require(project, guid).withWsman((wsman) => availablePowerRequests(wsman, signal), signal),
  requestPower: async (project, guid, code, signal) =>
    connected.require(project, guid).withWsman((wsman) => requestPlainPower(wsman, code, signal), signal),
  controlMode: async (project, guid, signal) =>
    connected.require(project, guid).withWsman(async (wsman) => {
      const { CurrentControlMode: mode } = await wsman.get(IPS_HostBasedSetupService, {}, signal)
      return mode === CONTROL_MODE.admin ? 'admin' : mode === CONTROL_MODE.client ? 'client' : 'none'
    }, signal),
  unprovision: async (project, guid, signal) =>
    connected.require(project, guid).withWsman(async (wsman) => {
      await wsman.invoke(AMT_SetupAndConfigurationService, 'Unprovision', { ProvisioningMode: FULL }, signal)
    }, signal),
})

/** What RPS tells MPS. */
export const deviceRegistry = (devices: DeviceStore, connected: ConnectedDevices): DeviceRegistry => ({
  async register(registration, signal) {
    const { project, guid } = registration
    const present = await devices.get(project, guid, signal)
    const device: Device = {
      ...(present ?? { tags: [], connected: false }),
      ...given(registration),
      project,
      guid,
      tags: registration.tags ?? present?.tags ?? [],
      mpsUsername: registration.mpsUsername,
      connected: connected.find(project, guid) !== undefined,
    }
    if ((await devices.put(device, signal)) === 'foreign') throw mpsFaults.DEVICE_OF_ANOTHER_PROJECT({ guid })
    connected.find(project, guid)?.forgetCredentials()
  },

  async forget(project, guid, signal) {
    await devices.delete(project, guid, signal)
    connected.find(project, guid)?.tunnel.close()
  },

  async credentialsChanged(project, guid) {
    connected.find(project, guid)?.forgetCredentials()
  },
})

/** Fields that were given: those that are absent stay what they were. */
const given = <T extends object>(fields: T): Partial<T> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Partial<T>
