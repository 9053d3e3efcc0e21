import { resolve } from 'node:path'
import {
  type ControlAddress,
  type Disturbance,
  type Identity,
  quirksOf,
  readDisturbance,
  type Sku,
  simulatedVersions,
} from '@outrider/firmware'
import { type Guid, parseGuid } from '@outrider/protocols/values'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { collectTrust, trustedHashesOf } from './trust.ts'

// Options that say what machine is simulated, and what they mean.

export interface IdentityFlags {
  readonly serial: string
  readonly uuid?: Guid
  readonly amtUuid?: Guid
}

/** What a machine is made of and how it fares, one alone or a fleet of them. */
export interface FirmwareFlags {
  readonly sku?: Sku
  readonly amtVersion?: string
  /** Files of root hashes the machine trusts besides its own. */
  readonly trust: readonly string[]
  readonly pkiDnsSuffix?: string
  readonly timing: 'zero' | 'real'
  readonly dnsSuffix?: string
  readonly lms?: boolean
  readonly disturb: readonly Disturbance[]
}

const guidArgument = (text: string): Guid => {
  const value = parseGuid(text)
  if (value === undefined)
    throw new InvalidArgumentError('It is not a UUID, e.g. 4c4c4544-0032-3310-8057-b4c04f595333.')
  return value
}

const versionArgument = (text: string): string => {
  const [, major] = /^(\d{1,2})(\.\d{1,3}\.\d{1,3}(\.\d{1,6})?)?$/.exec(text) ?? []
  if (!simulatedVersions.includes(Number(major)))
    throw new InvalidArgumentError(`Simulated are ${simulatedVersions.join(', ')}, alone or as in 16.1.25.`)
  return text
}

export const collectDisturbance = (text: string, before: readonly Disturbance[]): readonly Disturbance[] => {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new InvalidArgumentError(
      'It is not JSON, e.g. {"at":"wsman","what":"drop-after","operation":"Setup","times":1}.',
    )
  }
  const disturbance = readDisturbance(value)
  if (typeof disturbance === 'string') throw new InvalidArgumentError(`It is no disturbance: ${disturbance}.`)
  return [...before, disturbance]
}

export const withIdentity = (command: Command): Command =>
  command
    .requiredOption('--serial <text>', 'serial number of the machine')
    .option('--uuid <uuid>', 'SMBIOS UUID; follows from the serial number where left out', guidArgument)
    .option('--amt-uuid <uuid>', 'UUID the management engine reports; the SMBIOS UUID where left out', guidArgument)

export const withFirmware = (command: Command): Command =>
  command
    .addOption(new Option('--sku <sku>', 'what the silicon can do').choices(['amt', 'ism', 'none']))
    .option(
      '--amt-version <version>',
      `firmware version: ${simulatedVersions.join(', ')}, or one of them whole, e.g. 16.1.25`,
      versionArgument,
    )
    .addOption(new Option('--timing <timing>', 'how long things take').choices(['zero', 'real']).default('real'))
    .option('--dns-suffix <domain>', 'DNS suffix of the network at the first start')
    .option('--lms', 'the operating system carries out graceful power requests')
    .option('--trust <file>', 'root hashes the firmware trusts too (root-hash.json); may be repeated', collectTrust, [])
    .option('--pki-dns-suffix <domain>', 'PKI DNS suffix set in the menu of the engine; empty: none')
    .option('--disturb <json>', 'something that goes wrong on demand; may be repeated', collectDisturbance, [])

/** What of a machine's identity is the same for a whole fleet. */
export const makeOf = (flags: FirmwareFlags): Partial<Identity> => ({
  ...(flags.trust.length === 0 ? {} : { trustedHashes: trustedHashesOf(flags.trust) }),
  ...(flags.pkiDnsSuffix === undefined ? {} : { pkiDnsSuffix: flags.pkiDnsSuffix }),
  ...(flags.sku === undefined ? {} : { sku: flags.sku }),
  ...versionOf(flags.amtVersion),
})

/** The identity these flags name. */
export const identityOf = (flags: IdentityFlags): Partial<Identity> & { readonly serial: string } => ({
  serial: flags.serial,
  ...(flags.uuid === undefined ? {} : { smbiosUuid: flags.uuid }),
  ...(flags.amtUuid === undefined ? {} : { uuid: flags.amtUuid }),
})

const versionOf = (text: string | undefined): { version?: string; build?: string } => {
  if (text === undefined) return {}
  const [major, minor, hotfix, build] = text.split('.')
  if (minor === undefined) return { version: quirksOf(text).version }
  return { version: `${major}.${minor}.${hotfix}`, ...(build === undefined ? {} : { build }) }
}

/** The rest of what a firmware is made from. */
export const firmwareOf = (flags: FirmwareFlags) => ({
  timing: flags.timing,
  disturbances: flags.disturb,
  ...(flags.dnsSuffix === undefined ? {} : { dnsSuffix: flags.dnsSuffix }),
  ...(flags.lms === undefined ? {} : { lmsPresent: flags.lms }),
})

/** The same as words of a command line, for a process that is started with them. */
export const firmwareWords = (identity: IdentityFlags, firmware: FirmwareFlags): readonly string[] => [
  ...word('--serial', identity.serial),
  ...word('--uuid', identity.uuid),
  ...word('--amt-uuid', identity.amtUuid),
  ...word('--sku', firmware.sku),
  ...word('--amt-version', firmware.amtVersion),
  ...word('--timing', firmware.timing),
  ...word('--dns-suffix', firmware.dnsSuffix),
  ...firmware.trust.flatMap((file) => word('--trust', resolve(file))),
  ...word('--pki-dns-suffix', firmware.pkiDnsSuffix),
  ...(firmware.lms === true ? ['--lms'] : []),
  ...firmware.disturb.flatMap((each) => word('--disturb', JSON.stringify(each))),
]

const word = (name: string, value: string | undefined): readonly string[] => (value === undefined ? [] : [name, value])

/** A port number, or else the path of a Unix socket. */
export const controlAddress = (text: string): ControlAddress =>
  /^\d+$/.test(text) ? { port: Number(text) } : { path: text }
