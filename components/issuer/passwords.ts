import { randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto'
import type { Random } from '@outrider/domain/ports'
import type { Secret } from '@outrider/protocols/values'

interface Cost {
  readonly N: number
  readonly r: number
  readonly p: number
}

/** For what people think up: about 0.1 s of one core and 16 MiB each (OWASP password storage, scrypt). */
export const forPeople: Cost = { N: 16_384, r: 8, p: 5 }
/** For 256 random bits nobody can guess: no stretching needed, and agents log in by the thousand. */
export const forMachines: Cost = { N: 1024, r: 8, p: 1 }

const SALT_BYTES = 16
const HASH_BYTES = 32

/** Salted scrypt hash with its parameters: `scrypt$N$r$p$salt$hash`, the last two in base64url. */
export const hashPassword = async (password: Secret, cost: Cost, random: Random): Promise<string> => {
  const salt = Buffer.from(random.bytes(SALT_BYTES))
  const hash = await derive(password.reveal(), salt, HASH_BYTES, cost)
  return ['scrypt', cost.N, cost.r, cost.p, salt.toString('base64url'), hash.toString('base64url')].join('$')
}

/** Whether `password` is the one behind `stored`. A hash that cannot be read matches nothing. */
export const passwordMatches = async (password: string, stored: string): Promise<boolean> => {
  const [scheme, N, r, p, salt, hash] = stored.split('$')
  if (scheme !== 'scrypt' || salt === undefined || hash === undefined) return false
  const expected = Buffer.from(hash, 'base64url')
  if (expected.length < HASH_BYTES) return false
  const cost = { N: Number(N), r: Number(r), p: Number(p) }
  const actual = await derive(password, Buffer.from(salt, 'base64url'), expected.length, cost)
  return timingSafeEqual(actual, expected)
}

/** Takes as long as a check of somebody's password: for names nobody has, so that time does not tell them apart. */
export const pretendToCheck = async (password: string): Promise<void> => {
  await derive(password, randomBytes(SALT_BYTES), HASH_BYTES, forPeople)
}

const derive = (password: string, salt: Buffer, length: number, cost: Cost): Promise<Buffer> => {
  const options: ScryptOptions = { N: cost.N, r: cost.r, p: cost.p, maxmem: 256 * cost.N * cost.r }
  return new Promise((resolve, reject) =>
    scrypt(password.normalize('NFKC'), salt, length, options, (error, key) => (error ? reject(error) : resolve(key))),
  )
}
