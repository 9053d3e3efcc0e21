import type { SecretPath, SecretStore, SecretValues } from '@outrider/domain/ports'
import { rpsFaults } from './faults.ts'

// A row of the database and its secret are written so that they never disagree: the secret first, beside the one
// that counts; then the row, which names its version; then it is made the one that counts. Cut off in between, the
// row still says which of the two is its own, and whoever reads finishes what was begun.

/** The secret a row with this `version` of it belongs to; `undefined` where it is lost. */
export const readKept = async (
  secrets: SecretStore,
  path: SecretPath,
  version: number | undefined,
  signal: AbortSignal,
): Promise<SecretValues | undefined> => {
  const { promoted, pending } = await secrets.get(path, signal)
  if (version === undefined || promoted?.version === version) return promoted?.values
  if (pending?.version !== version) return undefined
  await secrets.promote(path, version, signal)
  return pending.values
}

/**
 * Writes `values` and, with `commit`, the row that names their version. What `commit` answers is answered; where it
 * is not `done`, the row and its secret are as they were. Throws `SECRET_SUPERSEDED`.
 */
export const writeKept = async <Outcome extends string>(
  secrets: SecretStore,
  path: SecretPath,
  values: SecretValues,
  done: Outcome,
  commit: (version: number) => Promise<Outcome>,
  signal: AbortSignal,
): Promise<Outcome> => {
  const { version } = await secrets.writePending(path, values, signal)
  const outcome = await commit(version)
  if (outcome !== done) return outcome
  // From here on the row is true: what fails now is finished by the next who reads.
  const promoted = await secrets.promote(path, version, signal).catch(() => 'promoted' as const)
  if (promoted === 'promoted') return outcome
  const { promoted: counts } = await secrets.get(path, signal)
  if (counts?.version !== version) throw rpsFaults.SECRET_SUPERSEDED()
  return outcome
}

/** One at a time for each key: two who write the same row and secret do not come between each other's steps. */
export class Turns {
  readonly #last = new Map<string, Promise<unknown>>()

  async take<T>(key: string, work: () => Promise<T>): Promise<T> {
    const turn = (this.#last.get(key) ?? Promise.resolve()).then(work)
    const ended = turn.catch(() => undefined)
    this.#last.set(key, ended)
    try {
      return await turn
    } finally {
      if (this.#last.get(key) === ended) this.#last.delete(key)
    }
  }
}
