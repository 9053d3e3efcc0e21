import { readFile, writeFile } from 'node:fs/promises'
import type { Random } from '@outrider/domain/ports'
import { type Secret, secret } from '@outrider/protocols/values'

const BYTES = 15

/**
 * The password of the first account where none was given: made up and kept in a file only its owner may read, so
 * that a start that was cut off before the account was written goes on with the same one.
 */
export const generatedPassword = async (file: string, random: Random): Promise<Secret> => {
  const made = Buffer.from(random.bytes(BYTES)).toString('base64url')
  try {
    await writeFile(file, `${made}\n`, { mode: 0o600, flag: 'wx' })
    return secret(made)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    return secret((await readFile(file, 'utf8')).trim())
  }
}
