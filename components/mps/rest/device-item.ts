import type { Device, DeviceSeen } from '@outrider/domain/ports'

const time = (at: number | undefined): string | null => (at === undefined ? null : new Date(at).toISOString())

/** How a device is shown (reference/mps.md 4.2), with what is not written to the database yet; its tunnel, if any. */
export const deviceItem = (
  device: Device,
  seen: DeviceSeen | undefined,
  tunnel: { readonly lastSeen: number } | undefined,
) => ({
  guid: device.guid,
  hostname: device.hostname ?? null,
  tags: device.tags,
  mpsInstance: tunnel ? (seen?.mpsInstance ?? device.mpsInstance ?? null) : null,
  connectionStatus: tunnel !== undefined,
  mpsusername: device.mpsUsername,
  tenantId: device.project,
  friendlyName: device.friendlyName ?? null,
  dnsSuffix: device.dnsSuffix ?? null,
  lastConnected: time(seen?.lastConnected ?? device.lastConnected),
  lastSeen: time(tunnel?.lastSeen ?? seen?.lastSeen ?? device.lastSeen),
  lastDisconnected: time(seen?.lastDisconnected ?? device.lastDisconnected),
  deviceInfo: device.deviceInfo ?? null,
})
