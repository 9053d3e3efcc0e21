import { codeVersionOf, skuFeatures } from '@outrider/protocols/mei'
import { type DevicePayload, noIpConfiguration } from '@outrider/protocols/rps'
import { isUnsetGuid, parseGuid, type Secret } from '@outrider/protocols/values'
import type { HostSystem } from './deps.ts'
import { rpcFaults } from './faults.ts'
import type { Log } from './log.ts'
import type { Engine } from './reach-amt.ts'

/** What the command line says in place of what the machine says. */
export interface Overrides {
  readonly uuid: string | undefined
  readonly dns: string | undefined
  readonly hostname: string | undefined
  readonly friendlyName: string | undefined
  readonly tlsTunnel: boolean
}

/** UUID of boards nobody set one for, besides all zeros and all ones (reference/rpc.md 5.2). */
const BOARD_DEFAULT = '03000200-0400-0500-0006-000700080009'

/**
 * The first message's description of the device, asked of AMT in the field's order (reference/rpc.md 13.2).
 * `password` is that of `admin` where the device is activated. Throws `RPC_BAD_UUID` and what AMTHI throws.
 */
export const describeDevice = async (
  { amthi }: Engine,
  device: {
    readonly controlMode: number
    readonly password: Secret | undefined
    readonly tlsEnforced: boolean
    readonly lmsInstalled: boolean
  },
  overrides: Overrides,
  system: HostSystem,
  log: Log,
  signal: AbortSignal,
): Promise<DevicePayload> => {
  const { link } = await amthi.getLanSettings('wired', signal)
  if (link !== 1) log.warning('link status is down, unable to activate AMT in Admin Control Mode (ACM)')
  const versions = await amthi.getCodeVersions(signal)
  const ver = codeVersionOf(versions, 'AMT') ?? ''
  const sku = codeVersionOf(versions, 'Sku') ?? ''
  const uuid = await uuidOf(overrides.uuid, () => amthi.getUuid(signal), log)
  const account = await amthi.getLocalSystemAccount(signal)
  const hashes = await amthi.getCertificateHashes(signal)
  const suffix = (await amthi.getDnsSuffix(signal)).trim().replace(/\.$/, '')
  const fqdn = overrides.dns ?? (suffix === '' ? system.dnsSuffix : suffix)
  if (fqdn === '') log.warning('DNS suffix is empty, unable to activate AMT in admin Control Mode (ACM)')
  const hostname = overrides.hostname ?? system.hostname
  return {
    ver,
    build: codeVersionOf(versions, 'Build Number') ?? '',
    sku,
    features: skuFeatures(ver, sku),
    uuid,
    username: account.user,
    password: device.password ?? account.password,
    currentMode: device.controlMode,
    hostname,
    fqdn,
    client: 'RPC',
    certHashes: hashes.map(({ hash }) => hash),
    ipConfiguration: noIpConfiguration,
    hostnameInfo: { dnsSuffixOS: system.dnsSuffix, hostname },
    friendlyName: overrides.friendlyName ?? '',
    tlsEnforced: device.tlsEnforced,
    tlsTunnel: overrides.tlsTunnel,
    lmsInstalled: device.lmsInstalled,
    progressSupported: true,
  }
}

const uuidOf = async (given: string | undefined, own: () => Promise<string>, log: Log): Promise<string> => {
  if (given !== undefined) log.warning('Overriding UUID prevents device from connecting to MPS')
  const uuid = given ?? (await own())
  const guid = parseGuid(uuid)
  if (guid === undefined || isUnsetGuid(guid) || guid === BOARD_DEFAULT) throw rpcFaults.RPC_BAD_UUID({ uuid })
  return guid
}
