import { randomBytes } from 'node:crypto'
import type { Random } from '@outrider/domain/ports'

/** Randomness of the operating system. */
export const systemRandom: Random = { bytes: (length) => new Uint8Array(randomBytes(length)) }
