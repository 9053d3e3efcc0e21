import { type Bytes, type Secret, secret, toHex, utf8 } from '@outrider/protocols/values'
import type { Random } from '../ports/index.ts'
import { ADMIN } from './device.ts'

// Characters every AMT generation takes, none of which XML or a shell could mistake (reference/rps.md 5.2).
const UPPER = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'
const LOWER = 'abcdefghijklmnopqrstuvwxyz'
const DIGITS = '0123456789'
const SYMBOLS = '!@#$%*'
const ALL = UPPER + LOWER + DIGITS + SYMBOLS
/** What `AddMpServer` takes at most, and enough for the others (reference/amt-firmware.md 8.13, 9.4). */
const LENGTH = 16

/** A password with capital, small letter, digit and symbol, as the firmware wants it (reference/amt-firmware.md 9.4). */
export const randomPassword = (random: Random): Secret => {
  for (;;) {
    const password = draw(random)
    if ([UPPER, LOWER, DIGITS, SYMBOLS].every((kind) => [...password].some((char) => kind.includes(char))))
      return secret(password)
  }
}

/** Bytes beyond the last multiple of the alphabet are thrown away, or its first letters would come more often. */
const draw = (random: Random): string => {
  const fair = 256 - (256 % ALL.length)
  let password = ''
  while (password.length < LENGTH)
    for (const byte of random.bytes(LENGTH))
      if (byte < fair && password.length < LENGTH) password += ALL[byte % ALL.length]
  return password
}

/** What stands for the password of `admin` in digest: HA1 = MD5(`admin:` realm `:` password), lower-case hexadecimal. */
export const adminHa1 = (realm: string, password: Secret, md5: (bytes: Bytes) => Bytes): Secret =>
  secret(toHex(md5(utf8(`${ADMIN}:${realm}:${password.reveal()}`))))

const REALM = /^Digest:[0-9A-Fa-f]{32}$/
/** Whether this is a realm of AMT: `Digest:` and 32 hexadecimal digits. */
export const isDigestRealm = (realm: string | undefined): realm is string => realm !== undefined && REALM.test(realm)
