import type { Bytes } from '@outrider/protocols/values'

/** Randomness fit for passwords, nonces and ids. */
export interface Random {
  bytes(length: number): Bytes
}
