import { Fault, type FaultRecord } from '../values/index.ts'

/** One thing that is wrong with a request. */
export interface FieldProblem {
  readonly where: 'body' | 'query' | 'path'
  /** With dots; empty = the whole part. */
  readonly field: string
  readonly why: string
  /** What was given; absent where nothing was, or where it may be a secret. */
  readonly value?: unknown
}

/** A request that was read and found wrong by its handler, field by field: for routes whose clients read such lists. */
export class InvalidRequest extends Fault {
  readonly problems: readonly FieldProblem[]

  constructor(record: FaultRecord, problems: readonly FieldProblem[], cause?: unknown) {
    super(record, cause)
    this.problems = problems
  }
}
