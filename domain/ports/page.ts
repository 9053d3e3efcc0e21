/** One page of a keyset-paged list: no row is skipped or repeated while others are written. */
export interface Page<T> {
  readonly items: readonly T[]
  /** Where the next page begins; absent on the last one. Opaque. */
  readonly next?: string
}
