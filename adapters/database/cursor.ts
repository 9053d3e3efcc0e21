import type { Page } from '@outrider/domain/ports'
import { databaseFaults } from './faults.ts'

// A cursor names the list it belongs to and the keys of the last row that was given out.

type Key = string | number

/** The opaque name of the page after a row with these keys. */
export const cursor = (list: string, keys: readonly Key[]): string =>
  Buffer.from(JSON.stringify([list, ...keys])).toString('base64url')

/** The keys in a cursor of `list`, of the types of `like`. Throws `CURSOR_INVALID`. */
export const cursorKeys = <const Like extends readonly ('text' | 'number')[]>(
  list: string,
  text: string,
  like: Like,
): { [I in keyof Like]: Like[I] extends 'number' ? number : string } => {
  const parsed = parse(text)
  if (!Array.isArray(parsed) || parsed[0] !== list || parsed.length !== like.length + 1)
    throw databaseFaults.CURSOR_INVALID()
  const keys: unknown[] = parsed.slice(1)
  const fits = keys.every((key, at) => (like[at] === 'number' ? Number.isSafeInteger(key) : typeof key === 'string'))
  if (!fits) throw databaseFaults.CURSOR_INVALID()
  return keys as { [I in keyof Like]: Like[I] extends 'number' ? number : string }
}

const parse = (text: string): unknown => {
  try {
    return JSON.parse(Buffer.from(text, 'base64url').toString('utf8'))
  } catch {
    return undefined
  }
}

/** A page of at most `limit` of `rows`, which were asked for with one more. */
export const pageOf = <Row, T>(
  rows: readonly Row[],
  limit: number,
  item: (row: Row) => T,
  after: (last: Row) => string,
): Page<T> => {
  const items = rows.slice(0, limit)
  const last = items.at(-1)
  return rows.length > limit && last !== undefined
    ? { items: items.map(item), next: after(last) }
    : { items: items.map(item) }
}
