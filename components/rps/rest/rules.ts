import { type FieldProblem, InvalidRequest } from '@outrider/protocols/rest'
import { Fault } from '@outrider/protocols/values'

/** A body as it came: a JSON object of anything. */
export type Given = Readonly<Record<string, unknown>>

/** What is wrong with a value, in the words existing clients know; `undefined` where nothing is. */
export type Check = (value: unknown, given: Given) => string | undefined

/**
 * What a field must be. All checks of a field speak, in their order, and fields in the order of their rules: clients
 * compare both (reference/rps.md 3.1).
 */
export interface FieldRule {
  readonly field: string
  /** Nothing is checked where the field is absent (or null, with `nullish`). */
  readonly optional?: 'absent' | 'nullish'
  /** The rule counts only then. */
  readonly when?: (given: Given) => boolean
  /** Its value is never repeated in an answer. */
  readonly secret?: boolean
  readonly checks: readonly Check[]
}

export const problemsOf = (given: Given, rules: readonly FieldRule[]): FieldProblem[] =>
  rules.flatMap(({ field, optional, when, secret = false, checks }) => {
    const value = given[field]
    if (when?.(given) === false) return []
    if (optional !== undefined && (value === undefined || (value === null && optional === 'nullish'))) return []
    return checks.flatMap((check) => {
      const why = check(value, given)
      if (why === undefined) return []
      return [{ where: 'body' as const, field, why, ...(secret || !isPlain(value) ? {} : { value }) }]
    })
  })

/** Throws `fault` as the sum of `problems`, where there are any. `reason` is the first of them. */
export const refuse = (
  problems: readonly FieldProblem[],
  fault: (detail: { readonly field: string; readonly reason: string }) => Fault,
): void => {
  const [first] = problems
  if (first === undefined) return
  throw new InvalidRequest(fault({ field: first.field, reason: first.why }).record(), problems)
}

/** Runs `work`; a fault of the kind `invalid` is told of `field`. */
export const asProblemOf = async <T>(field: string, work: () => Promise<T>): Promise<T> => {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof Fault) || error.kind !== 'invalid' || error instanceof InvalidRequest) throw error
    const record = { ...error.record(), detail: { ...error.detail, field } }
    throw new InvalidRequest(record, [{ where: 'body', field, why: error.message }], error)
  }
}

const isPlain = (value: unknown): boolean => value === null || typeof value !== 'object'

/** A value as existing validators read it: as text, whatever it is. */
export const textOf = (value: unknown): string =>
  typeof value === 'string' ? value : typeof value === 'number' || typeof value === 'boolean' ? String(value) : ''

/** What is said where no words were chosen. */
const INVALID = 'Invalid value'

export const required =
  (why: string = INVALID): Check =>
  (value) =>
    value === undefined || value === null || value === '' ? why : undefined

export const matches =
  (pattern: RegExp, why: string): Check =>
  (value) =>
    pattern.test(textOf(value)) ? undefined : why

export const lengthWithin =
  (min: number, max: number, why: string = INVALID): Check =>
  (value) => {
    const { length } = textOf(value)
    return length < min || length > max ? why : undefined
  }

/** Text of a length that fits everywhere it is kept. */
export const isText: Check = (value) => (typeof value === 'string' && value.length <= 4096 ? undefined : INVALID)

export const oneOf =
  (values: readonly (string | number)[], why: string): Check =>
  (value) =>
    values.some((each) => String(each) === textOf(value)) ? undefined : why

export const integerWithin =
  (min: number, max: number, why: string): Check =>
  (value) => {
    const text = textOf(value)
    return /^-?\d{1,15}$/.test(text) && Number(text) >= min && Number(text) <= max ? undefined : why
  }

export const isBoolean =
  (why: string = INVALID): Check =>
  (value) =>
    /^(true|false|0|1)$/.test(textOf(value)) ? undefined : why

export const isArray: Check = (value) => (Array.isArray(value) ? undefined : INVALID)
export const isArrayOfTexts: Check = (value) =>
  Array.isArray(value) && value.every((each) => typeof each === 'string' && each.length <= 256) ? undefined : INVALID

/** A flag that passed `isBoolean`; `undefined` where it was left out. */
export const flagOf = (value: unknown): boolean | undefined =>
  value === undefined || value === null ? undefined : /^(true|1)$/.test(textOf(value))

/** A number that passed a check; `undefined` where it was left out. */
export const numberOf = (value: unknown): number | undefined =>
  value === undefined || value === null || value === '' ? undefined : Number(textOf(value))

/** A text that is there and not empty; `undefined` elsewhere. */
export const wordOf = (value: unknown): string | undefined => textOf(value) || undefined
