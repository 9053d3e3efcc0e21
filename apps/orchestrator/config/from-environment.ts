import type { TObject } from 'typebox'
import { faults } from './faults.ts'

interface Field {
  readonly type?: string
  readonly default?: unknown
  readonly pattern?: string
  readonly minLength?: number
  readonly maxLength?: number
  readonly minimum?: number
  readonly maximum?: number
  readonly minItems?: number
  readonly items?: Field
  readonly anyOf?: readonly { readonly const?: unknown }[]
}

type Environment = Readonly<Record<string, string | undefined>>

/** `adminPassword` is `OUTRIDER_ADMIN_PASSWORD`. */
const environmentKey = (prefix: string, field: string): string =>
  prefix + field.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()

/**
 * The settings of `schema` from variables that begin with `prefix`; an empty one is not set. A key nobody
 * declared is an error, so that a typing error is not a default. Throws `SETTING_UNKNOWN`, `SETTING_INVALID`;
 * neither repeats a value.
 */
export const fromEnvironment = <T>(schema: TObject, prefix: string, environment: Environment): T => {
  const fields = Object.entries(schema.properties as Record<string, Field>)
  const known = new Map(fields.map(([name]) => [environmentKey(prefix, name), name]))
  for (const key of Object.keys(environment)) {
    if (key.startsWith(prefix) && !known.has(key))
      throw faults.SETTING_UNKNOWN({ key, hint: hintFor(key, [...known.keys()]) })
  }
  const settings: Record<string, unknown> = {}
  for (const [name, field] of fields) {
    const key = environmentKey(prefix, name)
    const text = environment[key]
    const value = text === undefined || text === '' ? field.default : read(key, text, field)
    if (value !== undefined) settings[name] = value
  }
  return settings as T
}

const read = (key: string, text: string, field: Field): unknown => {
  const demand = (holds: boolean, why: string) => {
    if (!holds) throw faults.SETTING_INVALID({ key, why })
  }
  if (field.anyOf !== undefined) {
    const allowed = field.anyOf.map((choice) => choice.const)
    demand(allowed.includes(text), `must be one of ${allowed.join(', ')}`)
    return text
  }
  switch (field.type) {
    case 'boolean':
      demand(/^(0|1|true|false)$/.test(text), 'must be 1 or 0')
      return text === '1' || text === 'true'
    case 'integer': {
      demand(/^-?\d+$/.test(text), 'must be a whole number')
      const value = Number(text)
      demand(value >= (field.minimum ?? value), `must be at least ${field.minimum}`)
      demand(value <= (field.maximum ?? value), `must be at most ${field.maximum}`)
      return value
    }
    case 'array': {
      const items = text.split(',').flatMap((item) => (item.trim() === '' ? [] : [item.trim()]))
      demand(items.length >= (field.minItems ?? 0), 'names nothing')
      return items.map((item) => read(key, item, field.items ?? {}))
    }
    default:
      demand(text.length >= (field.minLength ?? 0), `must have at least ${field.minLength} characters`)
      demand(text.length <= (field.maxLength ?? text.length), `must have at most ${field.maxLength} characters`)
      demand(field.pattern === undefined || new RegExp(field.pattern).test(text), 'does not have the right form')
      return text
  }
}

const hintFor = (key: string, known: readonly string[]): string => {
  const [nearest] = known.map((name) => ({ name, far: distance(key, name) })).sort((a, b) => a.far - b.far)
  return nearest !== undefined && nearest.far <= 4
    ? `Did you mean ${nearest.name}? Otherwise unset it.`
    : `Unset it. The settings are ${known.join(', ')}.`
}

/** Letters to add, remove or change to make one word of the other. */
const distance = (a: string, b: string): number => {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++)
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)))
    row = next
  }
  return row[b.length]!
}
