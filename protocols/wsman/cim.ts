import type { Bytes, Secret } from '../values/index.ts'

/**
 * How one CIM value is written: the type comes from the declaration of its class, never from how the text
 * looks (a serial number `007` stays text).
 */
export interface CimType<T> {
  readonly kind:
    | 'text'
    | 'secret'
    | 'integer'
    | 'flag'
    | 'binary'
    | 'datetime'
    | 'interval'
    | 'reference'
    | 'struct'
    | 'list'
  /** Of a list: what its elements are. */
  readonly of?: CimType<unknown>
  /** Of an embedded instance: its fields, and the namespace its elements are in. */
  readonly fields?: CimFields
  readonly namespace?: string
  /** Only in the type system: what a value of this type is in TypeScript. */
  readonly value?: T
}

export type CimFields = Readonly<Record<string, CimType<unknown>>>
export type ValueOf<T> = T extends CimType<infer V> ? V : never

/** Where an instance is: the class and the selectors that pick it. A selector may itself be a reference. */
export interface EndpointReference {
  readonly resourceUri: string
  readonly selectors: Selectors
}

export type Selectors = Readonly<Record<string, string | EndpointReference>>

export const text: CimType<string> = { kind: 'text' }
/** Text that is a secret: redacted wherever a message is traced. */
export const secretText: CimType<Secret> = { kind: 'secret' }
/** Unsigned or signed integer of at most 53 bits. */
export const integer: CimType<number> = { kind: 'integer' }
export const flag: CimType<boolean> = { kind: 'flag' }
/** base64 on the wire. */
export const binary: CimType<Bytes> = { kind: 'binary' }
/** ISO 8601 with seconds, e.g. `2024-01-03T00:44:35Z`, wrapped in `Datetime` on the wire. */
export const datetime: CimType<string> = { kind: 'datetime' }
/** ISO 8601 duration, e.g. `P0DT1H30M`, wrapped in `Interval` on the wire. */
export const interval: CimType<string> = { kind: 'interval' }
export const reference: CimType<EndpointReference> = { kind: 'reference' }
export const list = <T>(of: CimType<T>): CimType<readonly T[]> => ({ kind: 'list', of })
/** An instance inside a property or parameter. */
export const embedded = <const F extends CimFields>(namespace: string, fields: F): CimType<Values<F>> => ({
  kind: 'struct',
  namespace,
  fields,
})

/** Values of declared fields: each may be absent, since firmware leaves out what it does not have. */
export type Values<F> = { readonly [K in keyof F]?: ValueOf<F[K]> }

export interface CimMethod<I extends CimFields = CimFields, O extends CimFields = CimFields> {
  readonly input: I
  /** Out parameters besides `ReturnValue`. */
  readonly output: O
  /** A call that must never be sent twice: after a timeout, look (reference/rps.md 2.2). */
  readonly once: boolean
  /** What the firmware may answer, by number; what is missing here is looked up in `PT_STATUS`. */
  readonly returns: Readonly<Record<number, string>>
}

export const method = <const I extends CimFields, const O extends CimFields = Record<never, never>>(
  input: I,
  output?: O,
  rules: { once?: boolean; returns?: Readonly<Record<number, string>> } = {},
): CimMethod<I, O> => ({
  input,
  output: output ?? ({} as O),
  once: rules.once ?? false,
  returns: rules.returns ?? {},
})

// biome-ignore lint/suspicious/noExplicitAny: methods of many shapes; InputOf and OutputOf give each its own
export type CimMethods = Readonly<Record<string, CimMethod<any, any>>>

export interface CimClass<P extends CimFields = CimFields, M extends CimMethods = CimMethods> {
  /** e.g. `IPS_HostBasedSetupService`. */
  readonly name: string
  readonly uri: string
  /** Properties that pick one instance of several. Empty: there is one instance. */
  readonly keys: readonly (keyof P & string)[]
  readonly properties: P
  readonly methods: M
  /** Whether a property, inherited ones too, is a date or interval: firmware then declares their namespace. */
  readonly dated: boolean
}

/** Where the classes of a prefix live (reference/mps.md 2.6). */
const BASE: Readonly<Record<string, string>> = {
  AMT: 'http://intel.com/wbem/wscim/1/amt-schema/1/',
  IPS: 'http://intel.com/wbem/wscim/1/ips-schema/1/',
  CIM: 'http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/',
}

/** The resource URI of a class by its name. Throws `TypeError` for a prefix that is none of AMT, IPS, CIM. */
export const classUri = (name: string): string => {
  const base = BASE[name.slice(0, 3)]
  if (base === undefined) throw new TypeError(`no CIM schema for ${name}`)
  return base + name
}

/** Declares a CIM class: its properties, its methods with inputs and outputs, what they may return. */
export const cimClass = <const P extends CimFields, const M extends CimMethods = Record<never, never>>(
  name: string,
  body: { keys?: readonly (keyof P & string)[]; properties: P; methods?: M },
): CimClass<P, M> => ({
  name,
  uri: classUri(name),
  keys: body.keys ?? [],
  properties: body.properties,
  methods: body.methods ?? ({} as M),
  dated: Object.values<CimType<unknown>>(body.properties).some(
    ({ kind }) => kind === 'datetime' || kind === 'interval',
  ),
})

// biome-ignore lint/suspicious/noExplicitAny: any class; the generic functions of Wsman infer its own
export type AnyCimClass = CimClass<any, any>

/** Elements of an instance that its class does not declare, kept so that a Put writes back all it read. */
export const undeclared: unique symbol = Symbol('undeclared properties')

export type InstanceOf<C extends AnyCimClass> = Values<C['properties']> & { readonly [undeclared]?: unknown }
export type MethodOf<C extends AnyCimClass> = keyof C['methods'] & string
export type InputOf<C extends AnyCimClass, N extends MethodOf<C>> =
  C['methods'][N] extends CimMethod<infer I, infer _O> ? Values<I> : never
export type OutputOf<C extends AnyCimClass, N extends MethodOf<C>> =
  C['methods'][N] extends CimMethod<infer _I, infer O> ? Values<O> & { readonly ReturnValue: number } : never
