import { createHash } from 'node:crypto'
import type { RouteReply } from '@outrider/protocols/rest'

/**
 * An answer to GET with a weak tag over its text, as existing clients know it: who shows the same tag again learns
 * only that nothing changed (reference/rps.md 3).
 */
export const tagged = (body: unknown, headers: Readonly<Record<string, string | undefined>>): RouteReply => {
  const text = JSON.stringify(body)
  const tag = `W/"${text.length.toString(16)}-${createHash('sha1').update(text).digest('base64').slice(0, 27)}"`
  const shown = headers['if-none-match']
  if (shown !== undefined && isAmong(tag, shown)) return { status: 304, headers: { etag: tag } }
  return { status: 200, headers: { etag: tag }, body }
}

/** Tags are compared weakly: whether they are the same but for `W/`. */
const isAmong = (tag: string, list: string): boolean =>
  list.trim() === '*' || list.split(',').some((each) => each.trim().replace(/^W\//, '') === tag.slice(2))
