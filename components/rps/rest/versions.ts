import type { RouteReply } from '@outrider/protocols/rest'
import { rpsFaults } from '../faults.ts'
import { textOf } from './rules.ts'

/** The version a change is meant for: what `If-Match` names, else what the body does (reference/rps.md 3.1). */
export interface Meant {
  /** `undefined`: none was named. */
  readonly version: string | undefined
  readonly byHeader: boolean
}

export const meantBy = (version: unknown, headers: Readonly<Record<string, string | undefined>>): Meant => {
  const header = headers['if-match']?.trim()
  if (header !== undefined && header !== '')
    return { version: header.replace(/^W\//, '').replace(/^"(.*)"$/, '$1'), byHeader: true }
  return { version: textOf(version) || undefined, byHeader: false }
}

/**
 * Somebody was faster, or no version was named: the answer is the item as it is now. 412 where the condition was in
 * a header, else 409.
 */
export const outdated = (item: unknown, version: number, { byHeader }: Meant): RouteReply => ({
  status: byHeader ? 412 : 409,
  headers: { etag: String(version), 'outrider-fault': rpsFaults.VERSION_OUTDATED().code },
  body: item,
})
