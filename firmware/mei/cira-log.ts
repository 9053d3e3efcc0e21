import type { CiraLog } from '@outrider/protocols/mei'
import { environment } from '../cira/environment.ts'
import { triggers } from '../cira/triggers.ts'
import type { Device } from '../device.ts'

const NO_ADDRESS = '0.0.0.0'
const NO_CLOSURE = { timestamp: 0, closedByMps: false, apfDisconnectReason: 0, closureReason: 0 }

/** What GetCiraLog tells: the tunnel now, and the last failure by its time and server; the rest is empty. */
export const ciraLogOf = (device: Device): CiraLog => {
  const { tunnel } = device.volatile
  const { settings, host } = device.store.now
  const at = Math.floor(tunnel.since / 1000)
  const failed = tunnel.failures > 0
  const trigger = triggers[tunnel.trigger ?? 'user'].number
  const mpsHostname = tunnel.server ?? ''
  const emptyInterface = {
    present: false,
    linkUp: false,
    ip: {
      dhcpMode: 0,
      address: NO_ADDRESS,
      gateway: NO_ADDRESS,
      primaryDns: NO_ADDRESS,
      secondaryDns: NO_ADDRESS,
      domain: '',
      ipv6Router: new Uint8Array(16),
      ipv6PrimaryDns: new Uint8Array(16),
      ipv6SecondaryDns: new Uint8Array(16),
      ipv6Addresses: Array.from({ length: 6 }, () => ({ address: new Uint8Array(16), type: 0, state: 0 })),
    },
  }
  const noConnection = { status: 0, proxyUsed: false, proxyName: '', tcpFailure: 0, tlsFailure: 0 }
  return {
    version: 0,
    summary: {
      tunnelOpen: tunnel.at === 'connected',
      connectionState: environment(settings.detectionStrings, host.dnsSuffix) === 'outside' ? 2 : 0,
      lastKeepalive: 0,
      keepaliveInterval: Math.floor(device.timing.keepalive / 1000),
      lastConnectionStatus: failed ? 1 : 0,
      lastConnectionTimestamp: at,
      lastTunnelStatus: tunnel.at === 'connected' ? 0 : 1,
      lastTunnelOpened: tunnel.at === 'connected' ? at : 0,
      lastTunnelClosed: tunnel.at === 'connected' ? 0 : at,
    },
    lastFailedTunnel: {
      valid: false,
      openTimestamp: 0,
      trigger: 0,
      mpsHostname: '',
      proxyUsed: false,
      proxyName: '',
      authMethod: 0,
      connectedInterface: 0,
      lastKeepalive: 0,
      keepaliveInterval: 0,
      closure: NO_CLOSURE,
    },
    failedConnection: {
      valid: failed,
      openTimestamp: failed ? at : 0,
      trigger,
      mpsHostname: failed ? mpsHostname : '',
      authMethod: 2,
      interfaces: [{ ...emptyInterface, present: true, linkUp: host.linkUp }, emptyInterface],
      wireless: { profile: '', hostControl: 0 },
      wired: { auth8021x: 0, authSubstate: 0, media: 0, discreteLan: 0 },
      connectedInterface: 0,
      connections: [{ ...noConnection, status: failed ? 1 : 0 }, noConnection],
      closure: NO_CLOSURE,
    },
  }
}
