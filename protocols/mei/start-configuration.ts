import { type Bytes, concat, text, utf8 } from '../values/index.ts'
import { bytes, type Codec, struct, u8, u32le } from '../wire/index.ts'

// StartConfigurationHBased: clients send three forms, told apart by their length (reference/rpc.md 17 no. 30).
//   390 = u8 algorithm, 64 B hash, u8 hostVPN, u32 length of the suffix list, 320 B suffix list
//    73 = u8 algorithm, 64 B hash, u32 hostVPN, u32 count
//   393 = the same, then 320 B suffix list

export interface StartConfiguration {
  readonly form: 'compact' | 'wide' | 'wideWithSuffixes'
  /** 2 SHA-256, 3 SHA-384. */
  readonly hashAlgorithm: number
  /** The 64-byte field: the hash of the provisioning leaf certificate, zero padded. */
  readonly hash: Bytes
  readonly hostVpn: boolean
  /** Bytes used of `suffixes` in the compact form, number of suffixes in the wide ones. */
  readonly suffixSize: number
  /** 320 bytes (`suffixList`); ignored in the form `wide`. */
  readonly suffixes: Bytes
}

const SUFFIX_BYTES = 320
const EMPTY = new Uint8Array(SUFFIX_BYTES)

const head = struct({ hashAlgorithm: u8, hash: bytes(64) })
const list = bytes(SUFFIX_BYTES)

export const startConfiguration: Codec<StartConfiguration> = {
  read: (from) => {
    const length = from.remaining
    const { hashAlgorithm, hash } = head.read(from)
    if (length === 390) {
      const hostVpn = u8.read(from) !== 0
      return { form: 'compact', hashAlgorithm, hash, hostVpn, suffixSize: u32le.read(from), suffixes: list.read(from) }
    }
    if (length !== 73 && length !== 393)
      return from.malformed(`no form of StartConfigurationHBased has ${length} bytes`)
    const hostVpn = u32le.read(from) !== 0
    const suffixSize = u32le.read(from)
    return length === 73
      ? { form: 'wide', hashAlgorithm, hash, hostVpn, suffixSize, suffixes: EMPTY }
      : { form: 'wideWithSuffixes', hashAlgorithm, hash, hostVpn, suffixSize, suffixes: list.read(from) }
  },
  write: (to, value) => {
    head.write(to, value)
    if (value.form === 'compact') u8.write(to, value.hostVpn ? 1 : 0)
    else u32le.write(to, value.hostVpn ? 1 : 0)
    u32le.write(to, value.suffixSize)
    if (value.form !== 'wide') list.write(to, value.suffixes)
  },
}

/** DNS suffixes as the 320-byte list: NUL after each. Throws `RangeError` where they do not fit. */
export const suffixList = (suffixes: readonly string[]): Uint8Array<ArrayBuffer> => {
  const packed = concat(suffixes.map((suffix) => utf8(`${suffix}\0`)))
  if (packed.length > SUFFIX_BYTES) throw new RangeError(`DNS suffixes take ${packed.length} bytes of ${SUFFIX_BYTES}`)
  const whole = new Uint8Array(SUFFIX_BYTES)
  whole.set(packed)
  return whole
}

/** The suffixes of such a list. */
export const suffixesOf = (listed: Bytes): readonly string[] =>
  text(listed)
    .split('\0')
    .filter((suffix) => suffix !== '')
