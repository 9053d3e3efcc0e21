import { type Bytes, concat, text, utf8 } from '@outrider/protocols/values'
import type { ByteStream } from '@outrider/protocols/wire'
import {
  decodeRequest,
  digestHa1,
  encodeResponse,
  type HttpRequest,
  HttpRequestReader,
  headerValue,
  parseAuthorization,
  verifyDigest,
  type WsmanRequest,
  type WsmanResult,
  writeSoapResponse,
  writeUnauthorized,
} from '@outrider/protocols/wsman'
import { byteStreamPair } from '../streams/index.ts'
import { md5 } from './digest-client.ts'

export const REALM = 'Digest:34BF4B5A0561F95248F58509A406E046'
export const SERVER = 'Intel(R) Active Management Technology 16.1.25.2124'
export const DATE = 'Wed, 03 Jan 2024 00:44:35 GMT'

/** What came, as the device saw it. */
export interface Seen {
  readonly connection: number
  readonly request: WsmanRequest
  readonly http: HttpRequest
  readonly nonce: string | undefined
  readonly nc: string | undefined
}

/** What to do with one request that proved itself; `undefined` says nothing and goes on waiting. */
export type Answer = Bytes | { readonly bytes: Bytes; readonly end: true } | { readonly cut: true } | undefined

/**
 * The device's side of HTTP with digest, with its behaviour in the hands of a test: no firmware, since what is tested
 * is what the session does when one behaves badly.
 */
export class ScriptedDevice {
  readonly seen: Seen[] = []
  /** Those that proved themselves and were carried out. */
  readonly done: Seen[] = []
  password = 'P@ssw0rd'
  username = 'admin'
  nonce = 'nonce1'
  /** What a refused request is answered with. */
  refusal: (proof: string | undefined) => { challenge: string } = (proof) => ({
    challenge: `Digest realm="${REALM}", nonce="${this.nonce}",stale="${proof !== undefined && proof !== this.nonce}",qop="auth"`,
  })
  answer: (seen: Seen) => Answer | Promise<Answer> = (seen) => ok(seen)
  /** Length of the pieces an answer is written in. */
  pieces = Number.MAX_SAFE_INTEGER
  connections = 0
  readonly #streams: ByteStream[] = []
  readonly #life = new AbortController()
  #watchers: (() => void)[] = []

  readonly openStream = async (signal: AbortSignal): Promise<ByteStream> => {
    signal.throwIfAborted()
    const [ours, theirs] = byteStreamPair()
    this.connections++
    this.#streams.push(theirs)
    this.#serve(theirs, this.connections).catch(() => theirs.close())
    return ours
  }

  /** Ends all connections from the device's side. */
  hangUp(): void {
    for (const stream of this.#streams.splice(0)) stream.close()
  }

  /** Resolves once this many requests came. */
  async saw(count: number): Promise<void> {
    while (this.seen.length < count) await new Promise<void>((resolve) => this.#watchers.push(resolve))
  }

  stop(): void {
    this.#life.abort()
    this.hangUp()
  }

  async #serve(stream: ByteStream, connection: number): Promise<void> {
    const reader = new HttpRequestReader()
    for (;;) {
      const http = reader.next()
      if (http === undefined) {
        const chunk = await stream.read(this.#life.signal)
        if (chunk === undefined) return stream.close()
        reader.push(chunk)
        continue
      }
      const proof = parseAuthorization(headerValue(http, 'authorization') ?? '')
      const request = decodeRequest(text(http.body))
      const seen = { connection, request, http, nonce: proof?.nonce, nc: proof?.nc }
      this.seen.push(seen)
      for (const watcher of this.#watchers.splice(0)) watcher()
      const ha1 = digestHa1(md5, this.username, REALM, this.password)
      if (proof === undefined || proof.nonce !== this.nonce || !verifyDigest(md5, ha1, 'POST', proof)) {
        await stream.write(writeUnauthorized({ ...this.refusal(proof?.nonce), server: SERVER }), this.#life.signal)
        return stream.close()
      }
      this.done.push(seen)
      const answer = await this.answer(seen)
      if (answer === undefined) continue
      if ('cut' in answer) return stream.close()
      const bytes = 'end' in answer ? answer.bytes : answer
      for (let at = 0; at < bytes.length; at += this.pieces)
        await stream.write(bytes.subarray(at, at + this.pieces), this.#life.signal)
      if ('end' in answer || !http.keepAlive) return stream.close()
    }
  }
}

/** An answer with this result, or with the one that fits the request and says nothing. */
export const ok = ({ request }: Pick<Seen, 'request'>, result?: WsmanResult, relatesTo = request.messageId): Bytes =>
  writeSoapResponse({
    status: 200,
    date: DATE,
    server: SERVER,
    xml: encodeResponse({
      relatesTo,
      messageId: 'uuid:1',
      resourceUri: request.resourceUri,
      result: result ?? plain(request),
    }),
  })

const plain = ({ operation, resourceUri }: WsmanRequest): WsmanResult => {
  const name = resourceUri.slice(resourceUri.lastIndexOf('/') + 1)
  const instance = { namespace: resourceUri, name, attributes: [], children: [], text: '' }
  switch (operation.type) {
    case 'get':
      return { type: 'get', instance }
    case 'put':
      return { type: 'put', instance: operation.instance }
    case 'create':
      return { type: 'create', created: { resourceUri, selectors: {} } }
    case 'enumerate':
      return { type: 'enumerate', context: '01000000-0000-0000-0000-000000000000' }
    case 'pull':
      return { type: 'pull', items: [instance], end: true }
    case 'invoke':
      return { type: 'invoke', method: operation.method, output: returned(resourceUri, operation.method, 0) }
    case 'delete':
    case 'release':
      return { type: operation.type }
    case 'other':
      throw new TypeError('no such operation')
  }
}

export const returned = (namespace: string, method: string, value: number) => ({
  namespace,
  name: `${method}_OUTPUT`,
  attributes: [],
  children: [{ namespace, name: 'ReturnValue', attributes: [], children: [], text: String(value) }],
  text: '',
})

export const halves = (bytes: Bytes): Bytes => bytes.subarray(0, bytes.length >> 1)
export const twice = (bytes: Bytes): Bytes => concat([bytes, bytes])
export const garbage: Bytes = utf8('SSH-2.0-OpenSSH_9.2\r\n\r\n')
