/** A span of time in milliseconds. Names carry the unit wherever the type does not. */
export type Milliseconds = number

/** A point in time, in milliseconds since 1970-01-01T00:00:00Z. */
export type EpochMilliseconds = number

export const seconds = (count: number): Milliseconds => count * 1000
export const minutes = (count: number): Milliseconds => count * 60_000
export const KiB = (count: number): number => count * 1024
export const MiB = (count: number): number => count * 1024 * 1024
