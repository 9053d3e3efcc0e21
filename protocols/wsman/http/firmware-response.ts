import { type Bytes, concat, utf8 } from '../../values/index.ts'
import { writeHead } from './writer.ts'

/** Length of the first chunk and of those after it, as captured (reference/amt-firmware.md 4.2). */
const FIRST_CHUNK = 0x220
const NEXT_CHUNK = 0x2fa

/**
 * A SOAP answer as firmware writes it: in chunks of 0220 and 02FA bytes, sizes in four upper-case digits
 * (reference/amt-firmware.md 4.2, 4.4). `close` ends the connection after it.
 */
export const writeSoapResponse = (response: {
  status: 200 | 400 | 500
  /** RFC 1123, e.g. `Wed, 03 Jan 2024 00:44:35 GMT`. */
  date: string
  /** e.g. `Intel(R) Active Management Technology 16.1.25.2124`. */
  server: string
  xml: string
  close?: boolean
}): Bytes => {
  const fields: (readonly [string, string])[] = [
    ['Date', response.date],
    ['Server', response.server],
    ['X-Frame-Options', 'DENY'],
    ['Content-Type', 'application/soap+xml; charset=UTF-8'],
    ['Transfer-Encoding', 'chunked'],
  ]
  if (response.close) fields.push(['Connection', 'close'])
  const head = writeHead(`HTTP/1.1 ${response.status} ${REASONS[response.status]}`, fields)
  return concat([utf8(head), ...firmwareChunks(utf8(response.xml))])
}

const REASONS = { 200: 'OK', 400: 'Bad Request', 500: 'Internal Server Error' } as const

const firmwareChunks = (body: Bytes): readonly Bytes[] => {
  const parts: Bytes[] = []
  let size = FIRST_CHUNK
  for (let at = 0; at < body.length; ) {
    const chunk = body.subarray(at, at + size)
    parts.push(utf8(`${chunk.length.toString(16).toUpperCase().padStart(4, '0')}\r\n`), chunk, utf8('\r\n'))
    at += chunk.length
    size = NEXT_CHUNK
  }
  parts.push(utf8('0\r\n\r\n'))
  return parts
}

/**
 * The answer to a request without credentials, or with wrong ones. The connection is closed after it; that field
 * is last because an existing client takes a head that ends in a zero for the end of a body
 * (reference/amt-firmware.md 4.3, 4.5).
 */
export const writeUnauthorized = (response: { challenge: string; server: string }): Bytes => {
  const body = utf8(UNAUTHORIZED_PAGE)
  return concat([
    utf8(
      writeHead('HTTP/1.1 401 Unauthorized', [
        ['WWW-Authenticate', response.challenge],
        ['Content-Type', 'text/html'],
        ['Server', response.server],
        ['Content-Length', String(body.length)],
        ['Connection', 'close'],
      ]),
    ),
    body,
  ])
}

/** Must end with `</html>`: existing clients wait for it. */
const UNAUTHORIZED_PAGE = `<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 4.01 Transitional//EN">
<html><head><title>Intel&reg; Active Management Technology</title></head>
<body><h2 class="warn">Log on failed. Incorrect user name or password, or user account temporarily locked.</h2></body>
</html>`

/** A page or redirection for a browser, without chunks only where `MPS` never sees it: local and direct visitors. */
export const writePage = (response: {
  status: number
  reason: string
  server: string
  fields?: readonly (readonly [name: string, value: string])[]
  html: string
}): Bytes => {
  const body = utf8(response.html)
  return concat([
    utf8(
      writeHead(`HTTP/1.1 ${response.status} ${response.reason}`, [
        ...(response.fields ?? []),
        ['Content-Type', 'text/html'],
        ['Server', response.server],
        ['Content-Length', String(body.length)],
        ['Connection', 'close'],
      ]),
    ),
    body,
  ])
}
