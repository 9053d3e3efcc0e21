/** MD5 of a text's UTF-8 bytes as 32 lower-case hexadecimal digits; handed in, since this layer has no hashes. */
export type Md5 = (text: string) => string

/** What a device asks for with a 401 (reference/amt-firmware.md 5). */
export interface DigestChallenge {
  readonly realm: string
  readonly nonce: string
  /** The credentials were right, only the nonce was not. */
  readonly stale: boolean
  /** Whether `qop="auth"` is offered; without, the digest of RFC 2069 is used. */
  readonly qopAuth: boolean
  readonly opaque?: string
}

/** What a client proves itself with. */
export interface DigestAuthorization {
  readonly username: string
  readonly realm: string
  readonly nonce: string
  readonly uri: string
  readonly response: string
  /** Absent without qop: then so are the next two. */
  readonly qop?: string
  /** Eight hexadecimal digits. */
  readonly nc?: string
  readonly cnonce?: string
  readonly opaque?: string
}

/** HA1: what the device stores, and all a digest needs of a password. */
export const digestHa1 = (md5: Md5, username: string, realm: string, password: string): string =>
  md5(`${username}:${realm}:${password}`)

/** HA2: the part of a digest that is the same for every request of one method to one address. */
export const digestHa2 = (md5: Md5, method: string, uri: string): string => md5(`${method}:${uri}`)

/** The digest of one request, from HA1 and HA2. `proof` without `qop` gives the digest of RFC 2069. */
export const digestResponse = (
  md5: Md5,
  ha1: string,
  ha2: string,
  proof: { readonly nonce: string; readonly qop?: string; readonly nc?: string; readonly cnonce?: string },
): string =>
  proof.qop === undefined
    ? md5(`${ha1}:${proof.nonce}:${ha2}`)
    : md5(`${ha1}:${proof.nonce}:${proof.nc}:${proof.cnonce}:${proof.qop}:${ha2}`)

/** The counter of a nonce as it is written: eight hexadecimal digits. */
export const printNonceCount = (count: number): string => count.toString(16).padStart(8, '0')

/**
 * Authorization of one request, in the order and with the quotes of existing clients: `nc` and `qop` too
 * (reference/mps.md 2.3). `count` starts at 1 for each nonce.
 */
export const authorize = (
  md5: Md5,
  challenge: DigestChallenge,
  credentials: { readonly username: string; readonly ha1: string },
  /** `ha2` where it is known already. */
  request: { readonly method: string; readonly uri: string; readonly ha2?: string },
  count: number,
  cnonce: string,
): DigestAuthorization => {
  const { realm, nonce, opaque } = challenge
  const { method, uri, ha2 = digestHa2(md5, method, uri) } = request
  const proof = challenge.qopAuth ? { nonce, qop: 'auth', nc: printNonceCount(count), cnonce } : { nonce }
  return {
    username: credentials.username,
    realm,
    ...proof,
    uri,
    response: digestResponse(md5, credentials.ha1, ha2, proof),
    ...(opaque === undefined ? {} : { opaque }),
  }
}

/** The value of an `Authorization` field. */
export const printAuthorization = (proof: DigestAuthorization): string => {
  let out = `Digest username="${quoted(proof.username)}",realm="${quoted(proof.realm)}",nonce="${quoted(proof.nonce)}"`
  out += `,uri="${quoted(proof.uri)}"`
  if (proof.qop !== undefined) out += `,qop="${proof.qop}"`
  out += `,response="${proof.response}"`
  if (proof.nc !== undefined) out += `,nc="${proof.nc}"`
  if (proof.cnonce !== undefined) out += `,cnonce="${quoted(proof.cnonce)}"`
  if (proof.opaque !== undefined) out += `,opaque="${quoted(proof.opaque)}"`
  return out
}

/** The value of a `WWW-Authenticate` field, with the firmware's separators: a space after the realm's comma only. */
export const printChallenge = (challenge: { realm: string; nonce: string; stale: boolean }): string =>
  `Digest realm="${quoted(challenge.realm)}", nonce="${quoted(challenge.nonce)}",stale="${challenge.stale}",qop="auth"`

const quoted = (value: string): string => (/["\\]/.test(value) ? value.replace(/["\\]/g, '\\$&') : value)

/**
 * The challenge in a `WWW-Authenticate` value; `undefined` where it is not a digest this client can answer: another
 * scheme, no nonce, another algorithm than MD5, or no `auth` among the qops offered.
 */
export const parseChallenge = (value: string): DigestChallenge | undefined => {
  const fields = digestFields(value)
  const realm = fields?.get('realm')
  const nonce = fields?.get('nonce')
  if (fields === undefined || realm === undefined || nonce === undefined) return undefined
  const algorithm = fields.get('algorithm')
  if (algorithm !== undefined && algorithm.toUpperCase() !== 'MD5') return undefined
  const qop = fields.get('qop')
  const qopAuth = qop?.split(',').some((each) => each.trim().toLowerCase() === 'auth') ?? false
  if (qop !== undefined && !qopAuth) return undefined
  const opaque = fields.get('opaque')
  const stale = fields.get('stale')?.toLowerCase() === 'true'
  return { realm, nonce, stale, qopAuth, ...(opaque === undefined ? {} : { opaque }) }
}

/** What an `Authorization` value proves; `undefined` where it is no whole digest. Quotes are as the client likes. */
export const parseAuthorization = (value: string): DigestAuthorization | undefined => {
  const fields = digestFields(value)
  if (fields === undefined) return undefined
  const username = fields.get('username')
  const realm = fields.get('realm')
  const nonce = fields.get('nonce')
  const uri = fields.get('uri')
  const response = fields.get('response')
  if (!username || realm === undefined || !nonce || uri === undefined || !response) return undefined
  const qop = fields.get('qop')
  const nc = fields.get('nc')
  const cnonce = fields.get('cnonce')
  if (qop !== undefined && (nc === undefined || cnonce === undefined || !/^[0-9a-fA-F]{8}$/.test(nc))) return undefined
  const opaque = fields.get('opaque')
  return {
    username,
    realm,
    nonce,
    uri,
    response,
    ...(qop === undefined ? {} : { qop, nc: nc!, cnonce: cnonce! }),
    ...(opaque === undefined ? {} : { opaque }),
  }
}

/**
 * Whether `proof` is by somebody who knows the password behind `ha1`. Only the arithmetic: realm, nonce, counter and
 * `uri` are for the device to check.
 */
export const verifyDigest = (md5: Md5, ha1: string, method: string, proof: DigestAuthorization): boolean =>
  sameText(digestResponse(md5, ha1, digestHa2(md5, method, proof.uri), proof), proof.response.toLowerCase())

/** Takes as long whatever differs, so that an answer's time does not tell how much was right. */
const sameText = (a: string, b: string): boolean => {
  if (a.length !== b.length) return false
  let difference = 0
  for (let i = 0; i < a.length; i++) difference |= a.charCodeAt(i) ^ b.charCodeAt(i)
  return difference === 0
}

/** Fields after `Digest`, names in lower case, values quoted or bare, commas and spaces as they come. */
const digestFields = (value: string): ReadonlyMap<string, string> | undefined => {
  if (value.length > 4096 || !/^\s*digest\s/i.test(value)) return undefined
  const fields = new Map<string, string>()
  let at = value.toLowerCase().indexOf('digest') + 6
  for (;;) {
    while (at < value.length && ' \t,'.includes(value[at]!)) at++
    if (at >= value.length) return fields
    const equals = value.indexOf('=', at)
    if (equals < 0) return undefined
    const name = value.slice(at, equals).trim().toLowerCase()
    if (name === '' || /[\s",]/.test(name) || fields.has(name)) return undefined
    at = equals + 1
    while (at < value.length && ' \t'.includes(value[at]!)) at++
    let field = ''
    if (value[at] === '"') {
      at++
      while (value[at] !== '"') {
        if (value[at] === '\\') at++
        if (at >= value.length) return undefined
        field += value[at]
        at++
      }
      at++
    } else {
      const end = value.indexOf(',', at)
      field = value.slice(at, end < 0 ? value.length : end).trim()
      // A bare value is a token: a quote in it is a quoted one that went wrong.
      if (field.includes('"')) return undefined
      at = end < 0 ? value.length : end
    }
    fields.set(name, field)
  }
}
