// Numbers of the APF specification with their meanings (reference/mps.md 1.3).

/** Why one side ends the connection: field `reason` of DISCONNECT. */
export const DisconnectReason = {
  hostNotAllowed: 1,
  protocolError: 2,
  keyExchangeFailed: 3,
  reserved: 4,
  macError: 5,
  compressionError: 6,
  serviceNotAvailable: 7,
  versionNotSupported: 8,
  hostKeyNotVerifiable: 9,
  connectionLost: 10,
  byApplication: 11,
  tooManyConnections: 12,
  authCancelledByUser: 13,
  noMoreAuthMethods: 14,
  invalidCredentials: 15,
  timedOut: 16,
  byPolicy: 17,
  temporarilyUnavailable: 18,
} as const

/** Why a channel was not opened: field `reason` of CHANNEL_OPEN_FAILURE. */
export const OpenFailureReason = {
  administrativelyProhibited: 1,
  connectFailed: 2,
  unknownChannelType: 3,
  resourceShortage: 4,
} as const

/** Why the device connects: field `trigger` of PROTOCOLVERSION. Hosts on the local interface send 9, the engine 254. */
export const TriggerReason = {
  userInitiated: 1,
  alert: 2,
  provisioning: 3,
  periodic: 4,
  localHost: 9,
  localEngine: 254,
} as const

export const ApfService = {
  auth: 'auth@amt.intel.com',
  portForwarding: 'pfwd@amt.intel.com',
} as const

export const ChannelType = {
  /** The server, or the local host, opens a channel to a port the device has forwarded. */
  forwardedTcpip: 'forwarded-tcpip',
  /** The device opens a channel to a host behind the server. */
  directTcpip: 'direct-tcpip',
} as const

const names = (table: Readonly<Record<string, number>>): ((value: number) => string) => {
  const byNumber = new Map(Object.entries(table).map(([name, value]) => [value, name]))
  return (value) => byNumber.get(value) ?? `unknown (${value})`
}

export const disconnectReasonName = names(DisconnectReason)
export const openFailureReasonName = names(OpenFailureReason)
