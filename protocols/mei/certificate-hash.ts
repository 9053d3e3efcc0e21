import type { Bytes } from '../values/index.ts'

/** Algorithms of certificate hashes, by the byte that names them (reference/rpc.md 5.4). */
export const hashAlgorithms: Readonly<Record<number, { readonly name: string; readonly bytes: number }>> = {
  0: { name: 'MD5', bytes: 16 },
  1: { name: 'SHA1', bytes: 20 },
  2: { name: 'SHA256', bytes: 32 },
  3: { name: 'SHA384', bytes: 48 },
  4: { name: 'SHA224', bytes: 28 },
  5: { name: 'SHA512', bytes: 64 },
}

/** The hash in a 64-byte field: as many bytes as its algorithm has, none for an unknown algorithm. */
export const certificateHash = (field: Bytes, algorithm: number): Bytes =>
  field.subarray(0, hashAlgorithms[algorithm]?.bytes ?? 0)
