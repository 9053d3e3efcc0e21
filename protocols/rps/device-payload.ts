import { guidFromSmbios, parseGuid, type Secret, secret, strictText, utf8 } from '../values/index.ts'
import { decodePayload, encodePayload, parseObject, textOf } from './envelope.ts'
import { rpsFaults } from './faults.ts'

/** How the operating system has its wired adapter. All texts may be `''`. */
export interface IpConfiguration {
  readonly dhcp: boolean
  readonly static: boolean
  readonly ipsync: boolean
  readonly ipAddress: string
  readonly netmask: string
  readonly gateway: string
  readonly primaryDns: string
  readonly secondaryDns: string
}

/** What a client says about its device in the first message (reference/rps.md 1.5). */
export interface DevicePayload {
  /** AMT version, e.g. `16.1.25`. */
  readonly ver: string
  readonly build: string
  readonly sku: string
  readonly features: string
  /** As it was sent, whatever it is; lower case where it is a UUID. */
  readonly uuid: string
  readonly username: string
  /** Of the local system account before activation, of `admin` after it. */
  readonly password: Secret
  /** 0 none, 1 client, 2 admin. */
  readonly currentMode: number
  readonly hostname: string
  /** DNS suffix. */
  readonly fqdn: string
  readonly client: string
  /** Lower-case hexadecimal. */
  readonly certHashes: readonly string[]
  readonly ipConfiguration: IpConfiguration
  readonly hostnameInfo: { readonly dnsSuffixOS: string; readonly hostname: string }
  readonly friendlyName: string
  readonly tlsEnforced: boolean
  readonly tlsTunnel: boolean
  readonly lmsInstalled: boolean
  /** Only then may the server send `progress`. */
  readonly progressSupported: boolean
}

export const noIpConfiguration: IpConfiguration = {
  dhcp: false,
  static: false,
  ipsync: false,
  ipAddress: '',
  netmask: '',
  gateway: '',
  primaryDns: '',
  secondaryDns: '',
}

/** base64 of the JSON existing clients send: their key order, flags left out where false. */
export const encodeDevicePayload = (device: DevicePayload): string => {
  const { friendlyName, tlsEnforced, tlsTunnel, lmsInstalled, progressSupported } = device
  return encodePayload(
    utf8(
      JSON.stringify({
        ver: device.ver,
        build: device.build,
        sku: device.sku,
        features: device.features,
        uuid: device.uuid,
        username: device.username,
        password: device.password.reveal(),
        currentMode: device.currentMode,
        hostname: device.hostname,
        fqdn: device.fqdn,
        client: device.client,
        certHashes: device.certHashes.length === 0 ? null : device.certHashes,
        ipConfiguration: device.ipConfiguration,
        hostnameInfo: device.hostnameInfo,
        ...(friendlyName === '' ? {} : { friendlyName }),
        ...(tlsEnforced ? { tlsEnforced } : {}),
        ...(tlsTunnel ? { tlsTunnel } : {}),
        ...(lmsInstalled ? { lmsInstalled } : {}),
        ...(progressSupported ? { progressSupported } : {}),
      }),
    ),
  )
}

/**
 * Throws `RPS_PAYLOAD_UNREADABLE` for what is not base64 of a JSON object and `RPS_PAYLOAD_INCOMPLETE` where
 * client, version, build or UUID is missing.
 */
export const decodeDevicePayload = (payload: string): DevicePayload => {
  const json = strictText(unreadable(() => decodePayload(payload)))
  const object = json === undefined ? undefined : parseObject(json)
  if (object === undefined) throw rpsFaults.RPS_PAYLOAD_UNREADABLE({ reason: 'It is not a JSON object' })
  const device: DevicePayload = {
    ver: textOf(object.ver),
    build: textOf(object.build),
    sku: textOf(object.sku),
    features: textOf(object.features),
    uuid: uuidOf(object.uuid),
    username: textOf(object.username),
    password: secret(textOf(object.password)),
    currentMode: typeof object.currentMode === 'number' ? object.currentMode : 0,
    hostname: textOf(object.hostname),
    fqdn: textOf(object.fqdn),
    client: textOf(object.client),
    certHashes: textsOf(object.certHashes).map((hash) => hash.toLowerCase()),
    ipConfiguration: ipConfigurationOf(object.ipConfiguration),
    hostnameInfo: {
      dnsSuffixOS: textOf(objectOf(object.hostnameInfo).dnsSuffixOS),
      hostname: textOf(objectOf(object.hostnameInfo).hostname),
    },
    friendlyName: textOf(object.friendlyName),
    tlsEnforced: object.tlsEnforced === true,
    tlsTunnel: object.tlsTunnel === true,
    lmsInstalled: object.lmsInstalled === true,
    progressSupported: object.progressSupported === true,
  }
  for (const field of ['client', 'ver', 'build', 'uuid'] as const)
    if (device[field] === '') throw rpsFaults.RPS_PAYLOAD_INCOMPLETE({ field })
  return device
}

const unreadable = <T>(run: () => T): T => {
  try {
    return run()
  } catch (cause) {
    throw rpsFaults.RPS_PAYLOAD_UNREADABLE({ reason: 'It is not base64' }, cause)
  }
}

const objectOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}

const textsOf = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.filter((each) => typeof each === 'string') : []

/** Old clients send the 16 bytes of the firmware as an array of numbers. */
const uuidOf = (value: unknown): string => {
  if (typeof value === 'string') return parseGuid(value) ?? value
  const isByte = (each: unknown): each is number =>
    typeof each === 'number' && Number.isInteger(each) && each >= 0 && each <= 255
  return Array.isArray(value) && value.length === 16 && value.every(isByte)
    ? guidFromSmbios(Uint8Array.from(value))
    : ''
}

const ipConfigurationOf = (value: unknown): IpConfiguration => {
  const object = objectOf(value)
  return {
    dhcp: object.dhcp === true,
    static: object.static === true,
    ipsync: object.ipsync === true,
    ipAddress: textOf(object.ipAddress),
    netmask: textOf(object.netmask),
    gateway: textOf(object.gateway),
    primaryDns: textOf(object.primaryDns),
    secondaryDns: textOf(object.secondaryDns),
  }
}
