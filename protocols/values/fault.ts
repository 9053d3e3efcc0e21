/**
 * What went wrong, by what should happen next. The kind alone decides retry, HTTP status, gRPC code and
 * exit code (`faultTable` in `protocols/values/fault-status.ts`).
 *
 * - `invalid`      the request is malformed or names something that cannot be; never retried
 * - `missing`      what it names does not exist (or not in the caller's project); never retried
 * - `auth`         nobody proved who is asking; never retried with the same credentials
 * - `denied`       the caller is known and may not; never retried
 * - `conflict`     it cannot be done in the present state, or somebody else was faster
 * - `device`       the firmware was asked and said no
 * - `unavailable`  something needed is away; retried by policy
 * - `timeout`      no answer within the deadline; look before doing again
 * - `protocol`     a peer broke the rules of a wire protocol; that connection ends
 * - `bug`          an invariant of ours is broken
 */
export type FaultKind =
  | 'invalid'
  | 'missing'
  | 'auth'
  | 'denied'
  | 'conflict'
  | 'device'
  | 'unavailable'
  | 'timeout'
  | 'protocol'
  | 'bug'

/** A fault as data: what is stored with an operation, sent to clients and printed by the CLI. */
export interface FaultRecord {
  readonly kind: FaultKind
  /** Stable, upper case with underscores, registered beside its thrower. */
  readonly code: string
  /** One sentence that says what happened, in an operator's words. */
  readonly message: string
  /** One sentence a person can follow. */
  readonly remedy: string
  /** Facts for the person reading: field names, device answers, addresses. Never a secret. */
  readonly detail?: Readonly<Record<string, string | number | boolean>>
}

/** The one error of the house. `cause` is kept for the log and is never sent to a client. */
export class Fault extends Error {
  readonly kind: FaultKind
  readonly code: string
  readonly remedy: string
  readonly detail: Readonly<Record<string, string | number | boolean>>

  constructor(record: FaultRecord, cause?: unknown) {
    super(record.message, cause === undefined ? undefined : { cause })
    this.name = 'Fault'
    this.kind = record.kind
    this.code = record.code
    this.remedy = record.remedy
    this.detail = record.detail ?? {}
  }

  /** The part that may leave the process. */
  record(): FaultRecord {
    return { kind: this.kind, code: this.code, message: this.message, remedy: this.remedy, detail: this.detail }
  }

  /** `error` itself where it is a fault, else an `INTERNAL` fault that keeps it as cause. Boundaries only. */
  static from(error: unknown): Fault {
    if (error instanceof Fault) return error
    return new Fault(
      {
        kind: 'bug',
        code: 'INTERNAL',
        message: 'Something went wrong inside this service.',
        remedy: 'Look for this time in the service log and report what it says.',
      },
      error,
    )
  }
}

/** One row of a fault registry: everything of a fault that is known before it happens. */
export interface FaultEntry {
  readonly kind: FaultKind
  /** What happened; `{name}` is replaced by the detail of that name. */
  readonly message: string
  readonly remedy: string
}

type Detail = Readonly<Record<string, string | number | boolean>>

/** Makes the faults of one registry: `faults.SOME_CODE({ field: 'uuid' }, cause)`. */
export type FaultFactories<Table extends Readonly<Record<string, FaultEntry>>> = {
  readonly [Code in keyof Table]: (detail?: Detail, cause?: unknown) => Fault
} & { readonly entries: Table }

/**
 * Declares the faults a folder throws. Lives in that folder's `faults.ts`; `docs/faults.md` is collected from
 * every such file, so a code that is thrown is a code that is documented.
 */
export const faultTable = <const Table extends Readonly<Record<string, FaultEntry>>>(
  table: Table,
): FaultFactories<Table> => {
  const factories: Record<string, unknown> = { entries: table }
  for (const [code, entry] of Object.entries(table)) {
    factories[code] = (detail: Detail = {}, cause?: unknown): Fault =>
      new Fault(
        { ...entry, code, message: fill(entry.message, detail), remedy: fill(entry.remedy, detail), detail },
        cause,
      )
  }
  return factories as FaultFactories<Table>
}

const fill = (sentence: string, detail: Detail): string =>
  sentence.replace(/\{(\w+)\}/g, (whole, name: string) => String(detail[name] ?? whole))
