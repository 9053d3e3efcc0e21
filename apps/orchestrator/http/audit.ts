import type { Caller, ProjectId } from '@outrider/domain/identity'
import type { AuditEntry, Clock, EventSink } from '@outrider/domain/ports'
import { type Fault, parseGuid } from '@outrider/protocols/values'
import type { MountedRoute } from './rest.ts'

/** Where acts are recorded; a failure of it is told of, and changes no answer. */
export type AuditLog = (entry: AuditEntry, signal: AbortSignal) => Promise<void>

/** A request that asks for a change, by somebody who is known. */
export interface Attempt {
  readonly act: string
  readonly caller: Caller
  /** Of a path or a handler that is of one project. */
  readonly project?: ProjectId
  /** Of the caller, where it names one of several projects. */
  readonly named?: string | undefined
  readonly from: string
  readonly hostId?: string
  readonly guid?: ReturnType<typeof parseGuid>
  readonly target?: string | undefined
}

export interface Auditor {
  record(attempt: Attempt, fault: Fault | undefined): Promise<void>
  /** The same refusal of the same caller again and again, as of a machine that keeps trying, is recorded now and then. */
  recordOnce(attempt: Attempt, fault: Fault): Promise<void>
}

/** Longer than the longest transaction; an audit that hangs must not hold the answer for ever. */
const PATIENCE_MILLISECONDS = 5_000
/** So long a repeated refusal is the same one. */
const REPEATED_MILLISECONDS = 10 * 60_000
const MOST_REMEMBERED = 1_000
const HOST = /^host-[0-9a-f]{8}$/

/** The surface's own share of the audit: what was refused before a handler knew of it, and rows that leave it to us. */
export const createAuditor = (
  log: AuditLog | undefined,
  { clock, events }: { readonly clock: Clock; readonly events: EventSink },
): Auditor => {
  const recent = new Map<string, number>()
  const record: Auditor['record'] = async ({ caller, project, named, ...attempt }, fault) => {
    if (log === undefined) return
    const outcome = fault === undefined ? 'succeeded' : isRefusal(fault) ? 'refused' : 'failed'
    for (const each of projectsOf(caller, project, named))
      try {
        await log(
          {
            at: clock.now(),
            project: each,
            subject: caller.subject,
            name: caller.name,
            from: attempt.from,
            act: attempt.act,
            ...(attempt.hostId === undefined ? {} : { hostId: attempt.hostId }),
            ...(attempt.guid === undefined ? {} : { guid: attempt.guid }),
            ...(attempt.target === undefined ? {} : { target: attempt.target }),
            outcome,
            ...(fault === undefined ? {} : { fault: fault.record() }),
          },
          AbortSignal.timeout(PATIENCE_MILLISECONDS),
        )
      } catch (error) {
        events.emit('service.error', { where: `audit of ${attempt.act}`, cause: String((error as Error).stack) })
      }
  }
  return {
    record,
    recordOnce: async (attempt, fault) => {
      const key = [attempt.caller.subject, attempt.act, fault.code].join(' ')
      const now = clock.monotonic()
      const before = recent.get(key)
      if (before !== undefined && now - before < REPEATED_MILLISECONDS) return
      if (recent.size >= MOST_REMEMBERED) recent.clear()
      recent.set(key, now)
      await record(attempt, fault)
    },
  }
}

const REFUSALS: ReadonlySet<Fault['kind']> = new Set(['invalid', 'missing', 'auth', 'denied', 'conflict'])
/** Nothing was done. */
const isRefusal = ({ kind }: Fault): boolean => REFUSALS.has(kind)

/** Whose audit an attempt is on: the project's it was for, else of every project the caller has a role in. */
const projectsOf = (caller: Caller, project: ProjectId | undefined, named: string | undefined): ProjectId[] => {
  if (project !== undefined && caller.projects.has(project)) return [project]
  const mine = [...caller.projects.keys()]
  const chosen = named === undefined ? undefined : parseGuid(named)
  return chosen !== undefined && mine.includes(chosen) ? [chosen] : mine
}

/** What a row of the table and its parameters say of an act; `undefined` where it only reads. */
export const actOf = (
  row: Pick<MountedRoute, 'method' | 'path' | 'audit'>,
  params: Readonly<Record<string, unknown>>,
  body: unknown,
): Pick<Attempt, 'act' | 'hostId' | 'guid' | 'target'> | undefined => {
  if (row.method === 'GET') return undefined
  const { id, guid } = params
  const device = typeof guid === 'string' ? parseGuid(guid) : undefined
  // Of a body that was refused unread or unchecked it may be anything.
  const named: unknown = row.audit?.target?.({ params, body })
  const target = typeof named === 'string' ? named.slice(0, 200) : undefined
  const { act = `${row.method} ${row.path}` } = row.audit ?? {}
  return {
    act: typeof act === 'string' ? act : act({ params, body }),
    ...(typeof id === 'string' && HOST.test(id) ? { hostId: id } : {}),
    ...(device === undefined ? {} : { guid: device }),
    ...(target === undefined ? {} : { target }),
  }
}
