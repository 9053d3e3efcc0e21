import type { ProjectId } from '@outrider/domain/identity'
import type { SecretPath, SecretValues, SecretVersion, StoredSecret } from '@outrider/domain/ports'
import { Secret } from '@outrider/protocols/values'

/** Everything in the store: what is at each path, and the last version that was given out for any of them. */
export interface State {
  readonly entries: Map<string, StoredSecret>
  version: number
}

export const pathKey = (path: SecretPath): string => {
  switch (path.kind) {
    case 'device':
      return `device/${path.project}/${path.guid}`
    case 'system':
      return `system/${path.name}`
    default:
      return `${path.kind}/${path.project}/${path.name}`
  }
}

const isOf = (key: string, project: ProjectId): boolean => {
  const [kind, owner] = key.split('/', 2)
  return kind !== 'system' && owner === project
}

/** Writes that are decided one after another and become durable, and visible, together. */
export class Draft {
  readonly #state: State
  readonly #changes = new Map<string, StoredSecret | undefined>()
  #version: number

  constructor(state: State) {
    this.#state = state
    this.#version = state.version
  }

  get(key: string): StoredSecret {
    return (this.#changes.has(key) ? this.#changes.get(key) : this.#state.entries.get(key)) ?? {}
  }

  writePending(key: string, values: SecretValues): SecretVersion {
    const pending = this.#next(values)
    const { promoted } = this.get(key)
    this.#changes.set(key, promoted === undefined ? { pending } : { promoted, pending })
    return pending
  }

  promote(key: string, version: number): 'promoted' | 'stale' {
    const { promoted, pending } = this.get(key)
    // Who was cut off after it was written asks again.
    if (pending === undefined && promoted?.version === version) return 'promoted'
    if (pending?.version !== version) return 'stale'
    this.#changes.set(key, { promoted: pending })
    return 'promoted'
  }

  put(key: string, values: SecretValues, expected: number | undefined): SecretVersion | 'stale' {
    if (expected !== undefined && (this.get(key).promoted?.version ?? 0) !== expected) return 'stale'
    const promoted = this.#next(values)
    this.#changes.set(key, { promoted })
    return promoted
  }

  delete(key: string): void {
    if (this.#changes.get(key) !== undefined || this.#state.entries.has(key)) this.#changes.set(key, undefined)
  }

  deleteProject(project: ProjectId): void {
    for (const key of [...this.#state.entries.keys(), ...this.#changes.keys()]) if (isOf(key, project)) this.delete(key)
  }

  /** How many paths change. */
  get size(): number {
    return this.#changes.size
  }

  /** What goes into the file. */
  encode(): Uint8Array {
    return encodeEntries(this.#version, this.#changes, false)
  }

  /** Makes the writes visible, once they are durable. */
  apply(): void {
    this.#state.version = this.#version
    for (const [key, entry] of this.#changes) {
      if (entry === undefined) this.#state.entries.delete(key)
      else this.#state.entries.set(key, entry)
    }
  }

  #next(values: SecretValues): SecretVersion {
    this.#version += 1
    return { values: { ...values }, version: this.#version }
  }
}

// A batch as JSON: the last version given out, then each path with its promoted and its pending version; a path
// alone is gone. `complete` closes the snapshot a file begins with.

type VersionJson = readonly [version: number, values: Readonly<Record<string, string>>]
type EntryJson =
  | readonly [key: string]
  | readonly [key: string, promoted: VersionJson | null, pending: VersionJson | null]

interface BatchJson {
  readonly version: number
  readonly entries: readonly EntryJson[]
  readonly complete: boolean
}

export const encodeEntries = (
  version: number,
  entries: Iterable<readonly [string, StoredSecret | undefined]>,
  complete: boolean,
): Uint8Array => {
  const batch: BatchJson = { version, entries: Array.from(entries, toJson), complete }
  return Buffer.from(JSON.stringify(batch))
}

const toJson = ([key, entry]: readonly [string, StoredSecret | undefined]): EntryJson =>
  entry === undefined ? [key] : [key, versionJson(entry.promoted), versionJson(entry.pending)]

const versionJson = (version: SecretVersion | undefined): VersionJson | null =>
  version === undefined
    ? null
    : [
        version.version,
        Object.fromEntries(Object.entries(version.values).map(([name, value]) => [name, value.reveal()])),
      ]

/** The state after these batches; `undefined` where the snapshot they begin with is not whole. */
export const replay = (frames: readonly Uint8Array[]): { state: State; written: number } | undefined => {
  const state: State = { entries: new Map(), version: 0 }
  let written = 0
  let complete = false
  for (const frame of frames) {
    const batch = JSON.parse(Buffer.from(frame).toString('utf8')) as BatchJson
    complete ||= batch.complete
    state.version = batch.version
    written += batch.entries.length
    for (const [key, ...rest] of batch.entries) {
      const [promoted, pending] = rest
      if (promoted === undefined) state.entries.delete(key)
      else state.entries.set(key, { ...fromJson('promoted', promoted), ...fromJson('pending', pending ?? null) })
    }
  }
  return complete ? { state, written } : undefined
}

const fromJson = (field: keyof StoredSecret, json: VersionJson | null): StoredSecret => {
  if (json === null) return {}
  const [version, values] = json
  const secrets = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, new Secret(value)]))
  return { [field]: { version, values: secrets } }
}
