import type { ProjectId } from '@outrider/domain/identity'
import type { Catalogue } from '@outrider/domain/ports'
import { Type } from 'typebox'

/** Query of every list (reference/rps.md 3.1). */
export const listQuery = Type.Object({
  $top: Type.Optional(Type.Integer({ minimum: 0, maximum: 10_000 })),
  $skip: Type.Optional(Type.Integer({ minimum: 0 })),
  $count: Type.Optional(Type.Boolean()),
})

const DEFAULT_TOP = 25

/** Items of all `projects` one after the other, each by name; with their number where it is asked for. */
export const listAll = async <
  T extends { readonly project: ProjectId; readonly name: string; readonly version: number },
>(
  catalogue: Catalogue<T>,
  projects: readonly ProjectId[],
  query: { readonly $top?: number; readonly $skip?: number; readonly $count?: boolean },
  show: (item: T) => unknown,
  signal: AbortSignal,
): Promise<unknown> => {
  let skip = query.$skip ?? 0
  let room = query.$top ?? DEFAULT_TOP
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
  return query.$count === true ? { data: items, totalCount: total } : items
}
