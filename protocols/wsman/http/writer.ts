import { type Bytes, utf8 } from '../../values/index.ts'

type Fields = readonly (readonly [name: string, value: string])[]

/** A head of a start line and fields, with the empty line that ends it. Throws `RangeError` on a line break. */
export const writeHead = (start: string, fields: Fields): string => {
  let head = `${start}\r\n`
  for (const [name, value] of fields) head += `${name}: ${value}\r\n`
  // A line break in a value would let whoever chose it write fields of their own.
  let breaks = 0
  for (let at = head.indexOf('\n'); at >= 0; at = head.indexOf('\n', at + 1)) breaks++
  if (breaks !== fields.length + 1) throw new RangeError('a header field cannot contain a line break')
  return `${head}\r\n`
}

/**
 * One request as our clients send it: as `length` says how long it is, or `chunked` in a single chunk, which the
 * relay of an RPC client needs (reference/mps.md 2.3, reference/rps.md 1.10).
 */
export const writeRequest = (request: {
  method: string
  target: string
  /** Fields before the one that frames the body. */
  fields: Fields
  body: string
  framing: 'length' | 'chunked'
  close?: boolean
}): Bytes => {
  const { method, target, framing, body } = request
  const start = `${method} ${target} HTTP/1.1`
  const fields: (readonly [string, string])[] = [...request.fields]
  fields.push(framing === 'length' ? ['Content-Length', String(body.length)] : ['Transfer-Encoding', 'chunked'])
  if (request.close) fields.push(['Connection', 'close'])
  const text = writeHead(start, fields) + framed(body, body.length, framing)
  const bytes = utf8(text)
  // Nearly always: a character of the body is a byte, and so its length is right.
  if (bytes.length === text.length) return bytes
  const { length } = utf8(body)
  if (framing === 'length') fields[request.fields.length] = ['Content-Length', String(length)]
  return utf8(writeHead(start, fields) + framed(body, length, framing))
}

const framed = (body: string, length: number, framing: 'length' | 'chunked'): string => {
  if (framing === 'length') return body
  // A chunk of no bytes is the end of all chunks.
  return length === 0 ? '0\r\n\r\n' : `${length.toString(16).toUpperCase()}\r\n${body}\r\n0\r\n\r\n`
}
