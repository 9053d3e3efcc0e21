import type { ProjectId } from '@outrider/domain/identity'
import type { Catalogue } from '@outrider/domain/ports'
import type { FieldProblem } from '@outrider/protocols/rest'
import { Type } from 'typebox'
import { rpsFaults } from '../faults.ts'
import { refuse } from './rules.ts'

/** Query of every list (reference/rps.md 3.1). Checked by hand: what is wrong is said in the words clients know. */
export const listQuery = Type.Object({
  $top: Type.Optional(Type.Unknown({ description: 'How many items to return; 25 where left out' })),
  $skip: Type.Optional(Type.Unknown({ description: 'How many items to pass over first' })),
  $count: Type.Optional(Type.Unknown({ description: 'Whether to say how many there are: `{data, totalCount}`' })),
})

const DEFAULT_TOP = 25
const GREATEST = 9_999_999_999
/** Of one answer, whatever is asked for. */
const LONGEST = 10_000

interface Paging {
  readonly top: number
  readonly skip: number
  readonly counted: boolean
}

/** Throws `LIST_QUERY_INVALID`. */
const pagingOf = (query: Readonly<Record<string, unknown>>): Paging => {
  const problems: FieldProblem[] = []
  const problem = (field: string, why: string): void => void problems.push({ where: 'query', field, why })
  const number = (field: string, otherwise: number, why: string): number => {
    const value = query[field]
    if (value === undefined) return otherwise
    const found = /^\d{1,10}$/.test(String(value)) ? Number(value) : GREATEST + 1
    if (found > GREATEST) problem(field, why)
    return found
  }
  const top = number('$top', DEFAULT_TOP, 'The number of items to return should be a positive integer')
  const skip = number(
    '$skip',
    0,
    'The number of items to skip before starting to collect the result set should be a positive integer',
  )
  const count = query.$count === undefined ? 'false' : String(query.$count)
  if (!/^(true|false|0|1)$/.test(count))
    problem('$count', 'To return total number of records in result set should be boolean')
  refuse(problems, rpsFaults.LIST_QUERY_INVALID)
  return { top: Math.min(top, LONGEST), skip, counted: count === 'true' || count === '1' }
}

/** Items of all `projects` one after the other, each by name; with their number where it is asked for. */
export const listAll = async <
  T extends { readonly project: ProjectId; readonly name: string; readonly version: number },
>(
  catalogue: Catalogue<T>,
  projects: readonly ProjectId[],
  query: Readonly<Record<string, unknown>>,
  show: (item: T) => unknown,
  signal: AbortSignal,
): Promise<unknown> => {
  const paging = pagingOf(query)
  let { skip, top: room } = paging
  let total = 0
  const items: unknown[] = []
  for (const project of projects) {
    const count = await catalogue.count(project, signal)
    total += count
    if (room > 0 && skip < count) {
      const found = await catalogue.list(project, skip, room, signal)
      items.push(...found.map(show))
      room -= found.length
    }
    skip = Math.max(0, skip - count)
  }
  return paging.counted ? { data: items, totalCount: total } : items
}
