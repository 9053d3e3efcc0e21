import { bytes, flag8, type Infer, padded, reserved, struct, u8, u32le } from '../wire/index.ts'
import { exactly, i32le, ipv4 } from './fields.ts'

// GetCiraLog, reference/rpc.md 17.19. Integers little-endian, IPv4 words in network order, no alignment but
// the pads written here.

const closure = struct({
  timestamp: u32le,
  closedByMps: flag8,
  apfDisconnectReason: u8,
  closureReason: u8,
  pad: reserved(3),
})

const ipParameters = struct({
  dhcpMode: u8,
  pad: reserved(3),
  address: ipv4(false),
  gateway: ipv4(false),
  primaryDns: ipv4(false),
  secondaryDns: ipv4(false),
  domain: padded(192),
  ipv6Router: bytes(16),
  ipv6PrimaryDns: bytes(16),
  ipv6SecondaryDns: bytes(16),
  ipv6Addresses: exactly(6, struct({ address: bytes(16), type: u8, state: u8 })),
})

const networkInterface = struct({
  present: flag8,
  linkUp: flag8,
  ip: ipParameters,
  unused: reserved(306),
})

const connection = struct({
  status: u32le,
  proxyUsed: flag8,
  proxyName: padded(256),
  tcpFailure: u32le,
  tlsFailure: i32le,
})

/** What the firmware remembers of its CIRA connections. Timestamps in seconds, as the firmware's clock has them. */
export const ciraLog = struct({
  version: u8,
  summary: struct({
    tunnelOpen: flag8,
    connectionState: u8,
    pad: reserved(3),
    lastKeepalive: u32le,
    keepaliveInterval: u32le,
    lastConnectionStatus: u8,
    lastConnectionTimestamp: u32le,
    lastTunnelStatus: u8,
    lastTunnelOpened: u32le,
    lastTunnelClosed: u32le,
  }),
  lastFailedTunnel: struct({
    valid: flag8,
    openTimestamp: u32le,
    trigger: u8,
    pad: reserved(3),
    mpsHostname: padded(256),
    proxyUsed: flag8,
    proxyName: padded(256),
    authMethod: u8,
    connectedInterface: u8,
    pad2: reserved(3),
    lastKeepalive: u32le,
    keepaliveInterval: u32le,
    closure,
  }),
  failedConnection: struct({
    valid: flag8,
    openTimestamp: u32le,
    trigger: u8,
    pad: reserved(3),
    mpsHostname: padded(256),
    authMethod: u8,
    interfaces: exactly(2, networkInterface),
    wireless: struct({ profile: padded(33), hostControl: u8 }),
    wired: struct({ auth8021x: u8, authSubstate: u8, media: u8, discreteLan: u8 }),
    connectedInterface: u8,
    pad2: reserved(3),
    connections: exactly(2, connection),
    closure,
  }),
})
export type CiraLog = Infer<typeof ciraLog>
