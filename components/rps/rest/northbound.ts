import type { RequestContext } from '@outrider/domain/identity'
import type { AuditedRequest, Route } from '@outrider/protocols/rest'
import type { TSchema } from 'typebox'

type Row = Route<TSchema, TSchema, TSchema, RequestContext>

const BASE = '/api/v1/admin/'
/** Where gateways of existing deployments offer it, and existing command lines look (reference/emf-code.md 4.4, 8.10). */
const NORTHBOUND = '/v1/projects/:project/dm/amt/admin/'

/** What the audit calls the things of a collection, and the field that names one. */
const NOUNS: Readonly<Record<string, { readonly noun: string; readonly field: string }>> = {
  domains: { noun: 'amtprofile', field: 'profileName' },
  ciraconfigs: { noun: 'cira', field: 'configName' },
  profiles: { noun: 'profile', field: 'profileName' },
}
const VERBS: Readonly<Record<string, string>> = { POST: 'create', PATCH: 'set', DELETE: 'delete' }

/** The provisioning API with its address of each project, and its changes named for the audit. */
export const northbound = (rows: readonly Row[]): Row[] =>
  rows.map((row) => {
    const path = row.path.slice(BASE.length)
    const known = row.path.startsWith(BASE) ? NOUNS[path.split('/')[0]!] : undefined
    if (known === undefined) return row
    const verb = VERBS[row.method]
    return {
      ...row,
      aliases: [`${NORTHBOUND}${path}`],
      ...(verb === undefined ? {} : { audit: { act: `${verb}-${known.noun}`, target: targetOf(known.field) } }),
    }
  })

/** What it is called is in the path or, of collections, in the body. */
const targetOf =
  (field: string) =>
  ({ params, body }: AuditedRequest): string | undefined => {
    const name = wordOf(params, 'name') ?? wordOf(body, field)
    return name === '' ? undefined : name
  }

const wordOf = (from: unknown, field: string): string | undefined => {
  const word =
    typeof from === 'object' && from !== null ? (from as Readonly<Record<string, unknown>>)[field] : undefined
  return typeof word === 'string' ? word : undefined
}
