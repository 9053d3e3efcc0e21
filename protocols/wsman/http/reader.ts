import { type Bytes, text } from '../../values/index.ts'
import { Writer, wireFaults } from '../../wire/index.ts'
import type { HttpHeaders, HttpRequest, HttpResponse } from './message.ts'

/** What one message may cost at most, in bytes. */
export interface HttpBounds {
  readonly head: number
  readonly fields: number
  readonly body: number
}

export const HTTP_BOUNDS: HttpBounds = { head: 16 * 1024, fields: 64, body: 1 << 20 }

const PROTOCOL = 'HTTP'
const LF = 10
const CR = 13
/** A chunk's size line: eight digits, an extension nobody uses, a little room. */
const SIZE_LINE = 256

const malformed = (reason: string): never => {
  throw wireFaults.WIRE_MALFORMED({ protocol: PROTOCOL, reason })
}

/** Where in a message the bytes that come next belong. */
type Place =
  | { readonly at: 'head' }
  | { readonly at: 'sized'; remaining: number }
  | { readonly at: 'chunk size' }
  | { readonly at: 'chunk'; remaining: number }
  | { readonly at: 'chunk end' }
  | { readonly at: 'trailers' }
  | { readonly at: 'until close' }

interface Head {
  readonly start: string
  readonly headers: HttpHeaders
  readonly keepAlive: boolean
}

/**
 * Turns bytes, split anywhere, into whole HTTP/1.1 messages. Push chunks, then pull messages; a chunk pushed is
 * kept until its messages are pulled. Each byte is looked at once, however small the chunks are. A body that came in
 * one piece is a view on the chunk it came in, which nobody may write to again.
 *
 * Throws `WIRE_MALFORMED` and `WIRE_TOO_LONG`; after that the reader is of no use.
 */
abstract class HttpReader<Message> {
  readonly #bounds: HttpBounds
  #chunks: Bytes[] = []
  #at = 0
  /** Of the head or line that is not whole yet. */
  readonly #partial = new Writer(0)
  #lineLength = 0
  #place: Place = { at: 'head' }
  #head: Head | undefined
  /** What is there of the body: a view while it came in one piece, which most do; else copied into `#body`. */
  #piece: Bytes | undefined
  readonly #body = new Writer(0)

  constructor(bounds: HttpBounds = HTTP_BOUNDS) {
    this.#bounds = bounds
  }

  /** Whether nothing of a message has come: the connection is between messages. */
  get idle(): boolean {
    return this.#place.at === 'head' && this.#partial.length === 0 && this.#chunks.length === 0
  }

  push(chunk: Bytes): void {
    if (chunk.length > 0) this.#chunks.push(chunk)
  }

  /** The next whole message, or `undefined` where more bytes are needed. */
  next(): Message | undefined {
    for (;;) {
      const chunk = this.#chunks[0]
      if (chunk === undefined) return undefined
      const message = this.#take(chunk)
      if (this.#at >= chunk.length && this.#chunks[0] === chunk) {
        this.#chunks.shift()
        this.#at = 0
      }
      if (message !== undefined) return message
    }
  }

  /**
   * To be called when the stream ends: the message that its end completes, where there is one. Throws
   * `WIRE_TRUNCATED` where the end is inside a message.
   */
  end(): Message | undefined {
    if (this.#place.at === 'until close') return this.#finish()
    if (!this.idle) throw wireFaults.WIRE_TRUNCATED({ protocol: PROTOCOL })
    return undefined
  }

  /** How the body of a message is framed where neither length nor chunks say so; `skip` drops the message. */
  protected abstract bodyOf(start: string): 'none' | 'until close' | 'skip' | 'as framed'
  protected abstract message(head: Head, body: Bytes): Message

  /** Moves on in `chunk` by at least a byte or a state; a message where one became whole. */
  #take(chunk: Bytes): Message | undefined {
    const place = this.#place
    switch (place.at) {
      case 'head': {
        const block = this.#block(chunk, this.#bounds.head)
        return block === undefined ? undefined : this.#begin(block)
      }
      case 'sized': {
        place.remaining -= this.#append(chunk, place.remaining)
        return place.remaining === 0 ? this.#finish() : undefined
      }
      case 'chunk size': {
        const line = this.#line(chunk, SIZE_LINE)
        if (line === undefined) return undefined
        const size = chunkSize(line)
        if (size + this.#bodyLength > this.#bounds.body) this.#tooLong(size + this.#bodyLength)
        this.#place = size === 0 ? { at: 'trailers' } : { at: 'chunk', remaining: size }
        return undefined
      }
      case 'chunk': {
        place.remaining -= this.#append(chunk, place.remaining)
        if (place.remaining === 0) this.#place = { at: 'chunk end' }
        return undefined
      }
      case 'chunk end': {
        const line = this.#line(chunk, 2)
        if (line === undefined) return undefined
        if (line !== '') malformed('a chunk is longer than its size')
        this.#place = { at: 'chunk size' }
        return undefined
      }
      case 'trailers': {
        // Trailers say nothing here: read to their end and dropped.
        const block = this.#block(chunk, this.#bounds.head)
        return block === undefined ? undefined : this.#finish()
      }
      case 'until close': {
        this.#append(chunk, this.#bounds.body + 1)
        if (this.#bodyLength > this.#bounds.body) this.#tooLong(this.#bodyLength)
        return undefined
      }
    }
  }

  /** Lines up to and with the first empty one. */
  #block(chunk: Bytes, limit: number): string | undefined {
    let at = this.#at
    let line = this.#lineLength
    for (; at < chunk.length; at++) {
      const byte = chunk[at]!
      if (byte === LF) {
        if (line === 0) return this.#whole(chunk, at + 1, limit)
        line = 0
      } else if (byte !== CR) line++
    }
    this.#lineLength = line
    this.#keep(chunk, limit)
    return undefined
  }

  #line(chunk: Bytes, limit: number): string | undefined {
    const end = chunk.indexOf(LF, this.#at)
    if (end >= 0) return this.#whole(chunk, end + 1, limit).trimEnd()
    this.#keep(chunk, limit)
    return undefined
  }

  #whole(chunk: Bytes, end: number, limit: number): string {
    const last = chunk.subarray(this.#at, end)
    const length = this.#partial.length + last.length
    if (length > limit) throw wireFaults.WIRE_TOO_LONG({ protocol: PROTOCOL, length, limit })
    this.#lineLength = 0
    this.#at = end
    if (this.#partial.length === 0) return text(last)
    this.#partial.bytes(last)
    return text(this.#partial.take())
  }

  #keep(chunk: Bytes, limit: number): void {
    this.#partial.bytes(chunk.subarray(this.#at))
    this.#at = chunk.length
    const { length } = this.#partial
    if (length > limit) throw wireFaults.WIRE_TOO_LONG({ protocol: PROTOCOL, length, limit })
  }

  get #bodyLength(): number {
    return this.#piece?.length ?? this.#body.length
  }

  #append(chunk: Bytes, atMost: number): number {
    const part = chunk.subarray(this.#at, this.#at + atMost)
    this.#at += part.length
    if (this.#bodyLength === 0) this.#piece = part
    else {
      if (this.#piece !== undefined) this.#body.bytes(this.#piece)
      this.#piece = undefined
      this.#body.bytes(part)
    }
    return part.length
  }

  #begin(block: string): Message | undefined {
    const head = readHead(block, this.#bounds.fields)
    // Empty lines before a message are passed over (RFC 9112 section 2.2).
    if (head === undefined) return undefined
    const rule = this.bodyOf(head.start)
    if (rule === 'skip') return undefined
    this.#head = head
    if (rule === 'none') return this.#finish()
    const length = framing(head.headers)
    if (length === 'chunked') this.#place = { at: 'chunk size' }
    else if (length === undefined) {
      if (rule === 'until close') this.#place = { at: 'until close' }
      else return this.#finish()
    } else if (length === 0) return this.#finish()
    else if (length > this.#bounds.body) this.#tooLong(length)
    else this.#place = { at: 'sized', remaining: length }
    return undefined
  }

  #finish(): Message {
    const message = this.message(this.#head!, this.#piece ?? this.#body.take())
    this.#head = undefined
    this.#piece = undefined
    this.#place = { at: 'head' }
    return message
  }

  #tooLong(length: number): never {
    throw wireFaults.WIRE_TOO_LONG({ protocol: PROTOCOL, length, limit: this.#bounds.body })
  }
}

export class HttpRequestReader extends HttpReader<HttpRequest> {
  protected override bodyOf(): 'as framed' {
    return 'as framed'
  }

  protected override message(head: Head, body: Bytes): HttpRequest {
    const [method, target, version, more] = head.start.split(' ')
    if (!method || !target || more !== undefined || !VERSION.test(version ?? '')) malformed('a broken request line')
    return { method: method!, target: target!, headers: head.headers, body, keepAlive: head.keepAlive }
  }
}

export class HttpResponseReader extends HttpReader<HttpResponse> {
  protected override bodyOf(start: string): 'none' | 'until close' | 'skip' {
    const { status } = statusLine(start)
    if (status === 204 || status === 304) return 'none'
    if (status >= 200) return 'until close'
    // Interim answers carry nothing for us; the one that changes the protocol was not asked for.
    return status === 101 ? malformed('a change of protocol nobody asked for') : 'skip'
  }

  protected override message(head: Head, body: Bytes): HttpResponse {
    return { ...statusLine(head.start), headers: head.headers, body, keepAlive: head.keepAlive }
  }
}

const VERSION = /^HTTP\/1\.[01]$/

const statusLine = (start: string): { status: number; reason: string } => {
  const match = /^HTTP\/1\.[01] ([1-5]\d\d)(?: (.*))?$/.exec(start)
  return match === null ? malformed('a broken status line') : { status: Number(match[1]), reason: match[2] ?? '' }
}

const FIELD_NAME = /^[!#$%&'*+\-.^_`|~\w]+$/

const readHead = (block: string, limit: number): Head | undefined => {
  const lines = block.split('\n')
  const start = withoutCr(lines[0]!)
  if (start === '') return undefined
  const headers: [string, string][] = []
  // The last two pieces are the empty line and what follows its line feed: nothing.
  for (let i = 1; i < lines.length - 2; i++) {
    const line = withoutCr(lines[i]!)
    if (line.includes('\r') || line.includes('\0')) malformed('a control character in a header field')
    const colon = line.indexOf(':')
    const name = line.slice(0, colon)
    // Also refuses the obsolete folding of fields over lines, which begin with white space.
    if (colon < 1 || !FIELD_NAME.test(name)) malformed('a broken header field')
    if (headers.length >= limit) malformed(`more than ${limit} header fields`)
    headers.push([name.toLowerCase(), line.slice(colon + 1).trim()])
  }
  return { start, headers, keepAlive: staysOpen(start, headers) }
}

const withoutCr = (line: string): string => (line.endsWith('\r') ? line.slice(0, -1) : line)

const staysOpen = (start: string, headers: HttpHeaders): boolean => {
  let alive = !start.includes('HTTP/1.0')
  for (const [name, value] of headers) {
    if (name !== 'connection') continue
    const tokens = value.toLowerCase().split(/[\s,]+/)
    if (tokens.includes('close')) return false
    if (tokens.includes('keep-alive')) alive = true
  }
  return alive
}

/** Length of the body as its head says; two different answers are refused, not guessed between. */
const framing = (headers: HttpHeaders): number | 'chunked' | undefined => {
  let length: number | undefined
  let chunked = false
  for (const [name, value] of headers) {
    if (name === 'content-length') {
      if (!/^\d{1,15}$/.test(value)) malformed('a broken Content-Length')
      if (length !== undefined && length !== Number(value)) malformed('two different lengths')
      length = Number(value)
    } else if (name === 'transfer-encoding') {
      if (chunked || value.toLowerCase() !== 'chunked') malformed('an unknown Transfer-Encoding')
      chunked = true
    }
  }
  if (chunked && length !== undefined) malformed('both a length and chunks')
  return chunked ? 'chunked' : length
}

const chunkSize = (line: string): number => {
  const extension = line.indexOf(';')
  const digits = (extension < 0 ? line : line.slice(0, extension)).trim()
  if (!/^[0-9a-fA-F]{1,8}$/.test(digits)) malformed('a broken chunk size')
  return Number.parseInt(digits, 16)
}
