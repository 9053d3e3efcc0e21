import type { AmtState, ControlMode, DesiredPower, HostPolicy, PowerPolicy } from '@outrider/domain/hosts'
import type { PowerKind } from '@outrider/domain/operations'
import { type Guid, isUnsetGuid, parseGuid } from '@outrider/protocols/values'
import { type Static, Type } from 'typebox'
import { faults } from '../faults.ts'
import { amtState, controlMode, powerPolicy, powerState } from './enumerations.ts'
import { hostFields } from './host-fields.ts'

const HOST_POLICIES = ['follow', 'keep-on', 'keep-provisioned'] as const satisfies readonly HostPolicy[]
/** Acts that no desired state of existing clients stands for. */
const POWER_ACTIONS = ['soft-off', 'soft-reset'] as const satisfies readonly PowerKind[]

const enumeration = (names: readonly string[]) => Type.String({ enum: [...names] })

/** What can be written of a host; everything else of a host that is sent along is passed over. */
export const hostBody = Type.Object({
  name: Type.Optional(Type.String({ maxLength: 50 })),
  uuid: Type.Optional(Type.String({ maxLength: 36 })),
  serialNumber: Type.Optional(Type.String({ maxLength: 20 })),
  desiredPowerState: Type.Optional(enumeration(powerState.names)),
  powerCommandPolicy: Type.Optional(enumeration(['POWER_COMMAND_POLICY_UNSPECIFIED', ...powerPolicy.names])),
  desiredAmtState: Type.Optional(enumeration(amtState.names)),
  amtControlMode: Type.Optional(enumeration(controlMode.names)),
  amtDnsSuffix: Type.Optional(Type.String({ maxLength: 1024 })),
  metadata: Type.Optional(
    Type.Array(Type.Object({ key: Type.String({ maxLength: 316 }), value: Type.String({ maxLength: 63 }) }), {
      maxItems: 100,
    }),
  ),
  /** What is ours, beside the fields existing clients know. What else is read under this key is passed over. */
  outrider: Type.Optional(
    Type.Object({
      policy: Type.Optional(enumeration(HOST_POLICIES)),
      powerAction: Type.Optional(enumeration(POWER_ACTIONS)),
    }),
  ),
})
export type HostBody = Static<typeof hostBody>

export const registerBody = Type.Object(
  {
    name: Type.Optional(Type.String({ maxLength: 50 })),
    serialNumber: Type.Optional(Type.String({ maxLength: 20 })),
    uuid: Type.Optional(Type.String({ maxLength: 36 })),
    autoOnboard: Type.Optional(Type.Boolean()),
    enableVpro: Type.Optional(Type.Boolean()),
    userLvmSize: Type.Optional(Type.Integer({ minimum: 0 })),
  },
  { additionalProperties: false },
)
export type RegisterBody = Static<typeof registerBody>

/** A body in our words. A field is present where the request writes it, and only there. */
export interface HostWrite {
  readonly name?: string
  readonly uuid?: Guid
  readonly serial?: string
  readonly desiredPower?: DesiredPower
  readonly powerPolicy?: PowerPolicy
  readonly desiredAmt?: AmtState
  readonly desiredControlMode?: ControlMode
  readonly dnsSuffix?: string
  readonly metadata?: Readonly<Record<string, string>>
  readonly policy?: HostPolicy
  readonly powerAction?: (typeof POWER_ACTIONS)[number]
}

const NAME = /^[a-zA-Z-_0-9./: ]{1,50}$/
// As registration has always asked for; also keeps the fillers of unset boards out ("Default string").
const SERIAL = /^[A-Za-z0-9]{5,20}$/

export const isSerial = (text: string): boolean => SERIAL.test(text)

const invalid = (field: string, why: string) => faults.HOST_FIELD_INVALID({ field, why })

/** Throws `HOST_FIELD_INVALID`. */
export const readName = (name: string): string => {
  if (!NAME.test(name)) throw invalid('name', 'use 1 to 50 letters, digits, spaces and - _ . / :')
  return name
}

/** Throws `HOST_FIELD_INVALID`. */
export const readSerial = (serial: string): string => {
  if (!isSerial(serial)) throw invalid('serialNumber', 'it has 5 to 20 letters and digits')
  return serial
}

/** Throws `HOST_FIELD_INVALID`. */
export const readUuid = (text: string): Guid => {
  const uuid = parseGuid(text)
  if (uuid === undefined) throw invalid('uuid', 'it is not a UUID')
  if (isUnsetGuid(uuid)) throw invalid('uuid', 'it is the filler of a board whose UUID was never set')
  return uuid
}

const named = <T>(field: string, text: string, value: (name: string) => T | undefined): T => {
  const found = value(text)
  if (found === undefined) throw invalid(field, `${text} is not one of its values`)
  return found
}

const readMetadata = (entries: NonNullable<HostBody['metadata']>): Readonly<Record<string, string>> => {
  const out = new Map<string, string>()
  for (const { key, value } of entries) {
    if (key === '') throw invalid('metadata', 'a key is empty')
    if (out.has(key)) throw invalid('metadata', `the key ${key} is given twice`)
    out.set(key, value)
  }
  return Object.fromEntries(out)
}

const readPolicy = ({ outrider }: HostBody): HostWrite => {
  const policy = HOST_POLICIES.find((known) => known === outrider?.policy)
  return policy === undefined ? {} : { policy }
}

const readPowerAction = ({ outrider }: HostBody): HostWrite => {
  const powerAction = POWER_ACTIONS.find((known) => known === outrider?.powerAction)
  return powerAction === undefined ? {} : { powerAction }
}

/** Fields of a body that write something, by the name of the mask. */
const readers: Readonly<Record<string, (body: HostBody) => HostWrite>> = {
  // An empty name would wipe it: clients that always send the key mean "unchanged" (reference/emf-code.md 4.7).
  name: ({ name }) => (name === undefined || name === '' ? {} : { name: readName(name) }),
  uuid: ({ uuid }) => (uuid === undefined || uuid === '' ? {} : { uuid: readUuid(uuid) }),
  serialNumber: ({ serialNumber }) =>
    serialNumber === undefined || serialNumber === '' ? {} : { serial: readSerial(serialNumber) },
  desiredPowerState: ({ desiredPowerState }) => ({
    desiredPower:
      desiredPowerState === undefined ? 'unspecified' : named('desiredPowerState', desiredPowerState, powerState.value),
  }),
  powerCommandPolicy: ({ powerCommandPolicy: policy }) => ({
    powerPolicy:
      policy === undefined || policy === 'POWER_COMMAND_POLICY_UNSPECIFIED'
        ? 'immediate'
        : named('powerCommandPolicy', policy, powerPolicy.value),
  }),
  desiredAmtState: ({ desiredAmtState }) => {
    const desiredAmt =
      desiredAmtState === undefined ? 'unspecified' : named('desiredAmtState', desiredAmtState, amtState.value)
    if (desiredAmt === 'disconnected') throw invalid('desiredAmtState', 'disconnected is observed, not wished for')
    return { desiredAmt }
  },
  amtControlMode: ({ amtControlMode }) => ({
    desiredControlMode:
      amtControlMode === undefined ? 'none' : named('amtControlMode', amtControlMode, controlMode.value),
  }),
  amtDnsSuffix: ({ amtDnsSuffix }) => ({ dnsSuffix: amtDnsSuffix ?? '' }),
  metadata: ({ metadata }) => ({ metadata: readMetadata(metadata ?? []) }),
  outrider: (body) => ({ ...readPolicy(body), ...readPowerAction(body) }),
  'outrider.policy': (body) => readPolicy(body),
  'outrider.powerAction': (body) => readPowerAction(body),
}

// Sent by existing clients with a value that asks for nothing here.
const NOTHING: Readonly<Record<string, (value: unknown) => boolean>> = {
  desiredKvmState: (value) => value === '' || value === 'KVM_STATE_UNSPECIFIED' || value === 'KVM_STATE_STOP',
  desiredSolState: (value) => value === '' || value === 'SOL_STATE_UNSPECIFIED' || value === 'SOL_STATE_STOP',
  siteId: (value) => value === '',
  // Disk layout of an operating system installer: no part of this workflow reads it.
  userLvmSize: () => true,
}

const camel = (path: string): string => path.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())

/** Paths of `fieldMask`: comma separated, in either case style. */
const maskPaths = (mask: string): string[] =>
  mask
    .split(',')
    .map((path) => camel(path.trim()))
    .filter((path) => path !== '')

/**
 * What a write asks for. The mask is the query's, else the keys present in the body (reference/emf-code.md 3.2);
 * a masked field that the body leaves out is cleared. Throws `HOST_FIELD_UNKNOWN`, `HOST_FIELD_UNSUPPORTED`,
 * `HOST_FIELD_INVALID`.
 */
export const readHostWrite = (body: HostBody, mask: string | undefined): HostWrite => {
  const paths = mask === undefined || mask.trim() === '' ? Object.keys(body) : maskPaths(mask)
  let write: HostWrite = {}
  for (const path of paths) {
    const read = readers[path]
    if (read !== undefined && Object.hasOwn(readers, path)) {
      write = { ...write, ...read(body) }
      continue
    }
    if (Object.hasOwn(NOTHING, path)) {
      const value = (body as Readonly<Record<string, unknown>>)[path]
      if (value !== undefined && !NOTHING[path]!(value)) throw faults.HOST_FIELD_UNSUPPORTED({ field: path })
      continue
    }
    if (!hostFields.has(path)) throw faults.HOST_FIELD_UNKNOWN({ field: path })
  }
  if (write.powerAction !== undefined && (write.desiredPower ?? 'unspecified') !== 'unspecified')
    throw invalid('outrider.powerAction', 'together with desiredPowerState it would be two acts')
  return write
}
