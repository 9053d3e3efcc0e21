import { AMT_EthernetPortSettings } from '@outrider/protocols/amt'
import type { InstanceOf, Wsman } from '@outrider/protocols/wsman'
import { activationFaults } from './faults.ts'
import type { NetworkPlan } from './plan.ts'

type PortSettings = InstanceOf<typeof AMT_EthernetPortSettings>

/**
 * Address of the wired port (reference/rps.md 2.8.3). `not-applicable` where there is no wired port. Throws
 * `STATIC_ADDRESS_MISSING`.
 */
export const configureWiredPort = async (
  wsman: Wsman,
  plan: NetworkPlan,
  signal: AbortSignal,
): Promise<'configured' | 'unchanged' | 'not-applicable'> => {
  const wired = (await wsman.enumerate(AMT_EthernetPortSettings, signal)).find(isWired)
  if (wired?.InstanceID === undefined) return 'not-applicable'
  const wanted = wantedAddress(plan)
  if (isRight(wired, wanted)) return 'unchanged'
  // With DHCP or synchronisation the firmware refuses the address fields (reference/amt-firmware.md 8.9).
  const {
    IPAddress: _ip,
    SubnetMask: _mask,
    DefaultGateway: _gateway,
    PrimaryDNS: _dns,
    SecondaryDNS: _dns2,
    ...rest
  } = wired
  await wsman.put(AMT_EthernetPortSettings, { ...rest, ...wanted }, { InstanceID: wired.InstanceID }, signal)
  return 'configured'
}

const isWired = (port: PortSettings): boolean =>
  port.InstanceID?.endsWith('Settings 0') === true &&
  port.MACAddress !== undefined &&
  !/^(00-?)+$/.test(port.MACAddress)

const wantedAddress = (plan: NetworkPlan): Partial<PortSettings> => {
  if (plan.dhcp) return { DHCPEnabled: true, IpSyncEnabled: true, SharedStaticIp: false }
  if (plan.ipSync) return { DHCPEnabled: false, IpSyncEnabled: true, SharedStaticIp: true }
  const { address } = plan
  if (address === undefined) throw activationFaults.STATIC_ADDRESS_MISSING()
  return {
    DHCPEnabled: false,
    IpSyncEnabled: false,
    SharedStaticIp: false,
    IPAddress: address.ip,
    SubnetMask: address.netmask,
    ...(address.gateway === undefined ? {} : { DefaultGateway: address.gateway }),
    ...(address.primaryDns === undefined ? {} : { PrimaryDNS: address.primaryDns }),
    ...(address.secondaryDns === undefined ? {} : { SecondaryDNS: address.secondaryDns }),
  }
}

const isRight = (port: PortSettings, wanted: Partial<PortSettings>): boolean =>
  Object.entries(wanted).every(([name, value]) => (port[name as keyof PortSettings] ?? false) === value)
