import type { Bytes } from '../values/index.ts'
import { fromBase64, Secret, toBase64 } from '../values/index.ts'
import {
  type AnyCimClass,
  type CimFields,
  type CimType,
  type EndpointReference,
  type InputOf,
  type InstanceOf,
  integer,
  type MethodOf,
  type OutputOf,
  undeclared,
} from './cim.ts'
import { wsmanFaults } from './faults.ts'
import { printReference, readReference } from './soap/endpoint-reference.ts'
import { CIM_COMMON, XSI } from './soap/namespaces.ts'
import { branch, leaf, type XmlElement } from './xml/index.ts'

/**
 * The declared values inside `element`, and under `undeclared` the elements its declaration does not name. An
 * element that is empty or nil and not text counts as absent. Elements are known by their local names, since
 * clients disagree about the namespaces of embedded ones.
 *
 * Throws `WSMAN_MALFORMED` where a value is not of its declared type.
 */
export const readValues = (fields: CimFields, element: XmlElement): Record<string, unknown> => {
  const values: Record<string, unknown> = {}
  let rest: XmlElement[] | undefined
  for (const inner of element.children) {
    const { name } = inner
    const type = Object.hasOwn(fields, name) ? fields[name]! : undefined
    if (type === undefined) {
      rest ??= []
      rest.push(inner)
      continue
    }
    const value = readValue(type.kind === 'list' ? type.of! : type, inner)
    if (value === undefined) continue
    if (type.kind !== 'list') values[name] = value
    else if (values[name] === undefined) values[name] = [value]
    else (values[name] as unknown[]).push(value)
  }
  if (rest !== undefined) (values as { [undeclared]?: unknown })[undeclared] = rest
  return values
}

/**
 * Values as elements in `namespace`, in the order of their declaration, which is the firmware's, then what was
 * undeclared, as it was read. Absent ones are left out.
 */
export const printValues = (
  fields: CimFields,
  namespace: string,
  values: Readonly<Record<string, unknown>> & { readonly [undeclared]?: unknown },
): readonly XmlElement[] => {
  const elements: XmlElement[] = []
  for (const name in fields) {
    const value = values[name]
    if (value === undefined) continue
    const type = fields[name]!
    if (type.kind === 'list')
      for (const each of value as readonly unknown[]) elements.push(printValue(type.of!, namespace, name, each))
    else elements.push(printValue(type, namespace, name, value))
  }
  const rest = values[undeclared] as readonly XmlElement[] | undefined
  if (rest !== undefined) elements.push(...rest)
  return elements
}

const readValue = (type: CimType<unknown>, element: XmlElement): unknown => {
  if (element.attributes.some((attribute) => attribute.name === 'nil' && attribute.namespace === XSI)) return undefined
  switch (type.kind) {
    case 'text':
      return element.text
    case 'secret':
      return new Secret(element.text)
    case 'integer':
      return readInteger(element)
    case 'flag':
      return readFlag(element)
    case 'binary':
      return fromBase64(element.text) ?? notOfType(element, 'base64')
    case 'datetime':
    case 'interval': {
      const inner = element.children[0]?.text ?? element.text
      return inner.trim() === '' ? undefined : inner.trim()
    }
    case 'reference':
      return readReference(element)
    case 'struct':
      return readValues(type.fields!, element)
    case 'list':
      return notOfType(element, 'one value')
  }
}

const readInteger = (element: XmlElement): number | undefined => {
  const digits = element.text.trim()
  if (digits === '') return undefined
  const value = Number(digits)
  return /^[+-]?\d+$/.test(digits) && Number.isSafeInteger(value) ? value : notOfType(element, 'an integer')
}

const readFlag = (element: XmlElement): boolean | undefined => {
  switch (element.text.trim()) {
    case 'true':
    case '1':
      return true
    case 'false':
    case '0':
      return false
    case '':
      return undefined
    default:
      return notOfType(element, 'true or false')
  }
}

const notOfType = (element: XmlElement, type: string): never => {
  throw wsmanFaults.WSMAN_MALFORMED({ reason: `the value of ${element.name} is not ${type}` })
}

const printValue = (type: CimType<unknown>, namespace: string, name: string, value: unknown): XmlElement => {
  switch (type.kind) {
    case 'text':
      return leaf(namespace, name, value as string)
    case 'secret':
      return leaf(namespace, name, (value as Secret).reveal())
    case 'integer':
    case 'flag':
      return leaf(namespace, name, String(value))
    case 'binary':
      return leaf(namespace, name, toBase64(value as Bytes))
    case 'datetime':
      return branch(namespace, name, [leaf(CIM_COMMON, 'Datetime', value as string)])
    case 'interval':
      return branch(namespace, name, [leaf(CIM_COMMON, 'Interval', value as string)])
    case 'reference':
      return branch(namespace, name, printReference(value as EndpointReference))
    case 'struct':
      return branch(namespace, name, printValues(type.fields!, type.namespace!, value as Record<string, unknown>))
    case 'list':
      throw new TypeError(`${name} is a list inside a list`)
  }
}

/** The instance of `cls`, or of a class below it, that an element is. */
export const readInstance = <C extends AnyCimClass>(cls: C, element: XmlElement): InstanceOf<C> =>
  readValues(cls.properties, element) as InstanceOf<C>

/** An instance as the body of a Put, a Create or an answer. */
export const printInstance = (cls: AnyCimClass, instance: object): XmlElement =>
  branch(cls.uri, cls.name, printValues(cls.properties, cls.uri, instance as Record<string, unknown>))

/** `<Method>_INPUT`, its parameters in the order of their declaration. */
export const printInput = (cls: AnyCimClass, method: string, input: object): XmlElement =>
  branch(
    cls.uri,
    `${method}_INPUT`,
    printValues(methodOf(cls, method).input, cls.uri, input as Record<string, unknown>),
  )

/** `<Method>_OUTPUT`: out parameters, then `ReturnValue`, where there is one. */
export const printOutput = (cls: AnyCimClass, method: string, output: object): XmlElement => {
  const values = output as Record<string, unknown>
  const children = [...printValues(methodOf(cls, method).output, cls.uri, values)]
  if (values.ReturnValue !== undefined) children.push(leaf(cls.uri, 'ReturnValue', String(values.ReturnValue)))
  return branch(cls.uri, `${method}_OUTPUT`, children)
}

/** Parameters of a call. */
export const readInput = <C extends AnyCimClass, N extends MethodOf<C>>(
  cls: C,
  method: N,
  element: XmlElement,
): InputOf<C, N> => readValues(methodOf(cls, method).input, element) as InputOf<C, N>

/** Out parameters of an answer; a missing `ReturnValue` is 0, since some firmware leaves it out. */
export const readOutput = <C extends AnyCimClass, N extends MethodOf<C>>(
  cls: C,
  method: N,
  element: XmlElement,
): OutputOf<C, N> => {
  const values = readValues({ ...methodOf(cls, method).output, ReturnValue: integer }, element)
  values.ReturnValue ??= 0
  return values as OutputOf<C, N>
}

const methodOf = (cls: AnyCimClass, name: string): { input: CimFields; output: CimFields } => {
  const declared = cls.methods[name]
  if (declared === undefined) throw new TypeError(`${cls.name} has no method ${name}`)
  return declared
}
