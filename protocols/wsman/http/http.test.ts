import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import { type Bytes, concat, Fault, text, utf8 } from '../../values/index.ts'
import {
  HTTP_BOUNDS,
  HttpRequestReader,
  type HttpResponse,
  HttpResponseReader,
  headerValue,
  headerValues,
  writePage,
  writeRequest,
  writeSoapResponse,
  writeUnauthorized,
} from './index.ts'

interface Reader<T> {
  push(chunk: Bytes): void
  next(): T | undefined
}

/** All messages of `bytes`, given in pieces that end at `cuts`. */
const readIn = <T>(reader: Reader<T>, bytes: Bytes, cuts: readonly number[]): T[] => {
  const messages: T[] = []
  const ends = [...new Set([...cuts.map((cut) => cut % bytes.length), bytes.length])].sort((a, b) => a - b)
  let from = 0
  for (const end of ends) {
    reader.push(bytes.slice(from, end))
    for (let message = reader.next(); message !== undefined; message = reader.next()) messages.push(message)
    from = end
  }
  return messages
}

const read = (document: string): HttpResponse[] => readIn(new HttpResponseReader(), utf8(document), [])
const cuts = fc.array(fc.nat(5000), { maxLength: 40 })
const body = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 100 }),
  fc.constantFrom('', '0\r\n\r\n', 'x'.repeat(2500), '</html>'),
)
const status = fc.constantFrom<200 | 400 | 500>(200, 400, 500)
const date = 'Wed, 03 Jan 2024 00:44:35 GMT'
const server = 'Intel(R) Active Management Technology 16.1.25.2124'
const challenge =
  'Digest realm="Digest:34BF4B5A0561F95248F58509A406E046", nonce="bQali2IAAAAAAAAAn0xaWCOcxNsRcEHX",stale="false",qop="auth"'

const fails = (reader: Reader<unknown> & { end(): unknown }, document: string | Bytes, code: RegExp): void => {
  assert.throws(
    () => {
      reader.push(typeof document === 'string' ? utf8(document) : document)
      while (reader.next() !== undefined);
      reader.end()
    },
    (error) => error instanceof Fault && code.test(error.code),
    String(document).slice(0, 200),
  )
}

suite('HTTP', () => {
  test('responses of firmware are read again, however the stream is split', () => {
    const one = fc.oneof(
      fc.record({ status, xml: body }).map((all) => ({ ...all, bytes: writeSoapResponse({ ...all, date, server }) })),
      fc.constant({ status: 401, xml: undefined, bytes: writeUnauthorized({ challenge, server }) }),
    )
    fc.assert(
      fc.property(fc.array(one, { minLength: 1, maxLength: 4 }), cuts, (sent, at) => {
        const got = readIn(new HttpResponseReader(), concat(sent.map((each) => each.bytes)), at)
        assert.deepEqual(
          got.map((each) => each.status),
          sent.map((each) => each.status),
        )
        for (const [i, { xml }] of sent.entries()) {
          if (xml !== undefined) assert.equal(text(got[i]!.body), xml)
          else assert.equal(headerValue(got[i]!, 'www-authenticate'), challenge)
        }
      }),
    )
  })

  test('requests are read again, however the stream is split, framed either way', () => {
    const one = fc.record({
      body,
      framing: fc.constantFrom<'length' | 'chunked'>('length', 'chunked'),
      close: fc.boolean(),
    })
    fc.assert(
      fc.property(fc.array(one, { minLength: 1, maxLength: 4 }), cuts, (sent, at) => {
        const bytes = sent.map((each) =>
          writeRequest({ method: 'POST', target: '/wsman', fields: [['Host', 'here:16992']], ...each }),
        )
        const got = readIn(new HttpRequestReader(), concat(bytes), at)
        assert.deepEqual(
          got.map((each) => [each.method, each.target, headerValue(each, 'host'), text(each.body), each.keepAlive]),
          sent.map((each) => ['POST', '/wsman', 'here:16992', each.body, !each.close]),
        )
      }),
    )
  })

  test('bytes that are no HTTP end in a fault of the wire or wait for more', () => {
    const unit = fc.constantFrom(
      'HTTP/1.1 200 OK\r\n',
      'Content-Length: 3\r\n',
      'Transfer-Encoding: chunked\r\n',
      '\r\n',
      '3\r\n',
      'abc',
      '0\r\n',
      ':',
      ' ',
      'FFFFFFFF\r\n',
      '\n',
    )
    fc.assert(
      fc.property(
        fc.oneof(fc.string({ unit, maxLength: 12 }).map(utf8), fc.uint8Array({ maxLength: 200 })),
        cuts,
        (bytes, at) => {
          for (const reader of [new HttpResponseReader(), new HttpRequestReader()]) {
            try {
              if (bytes.length > 0) readIn(reader as Reader<unknown>, bytes, at)
              reader.end()
            } catch (error) {
              assert.ok(error instanceof Fault && error.code.startsWith('WIRE_'), String(error))
            }
          }
        },
      ),
      { numRuns: 500 },
    )
  })

  test('our request is what an existing client sends, byte for byte', () => {
    const plain = writeRequest({
      method: 'POST',
      target: '/wsman',
      fields: [['Host', 'g:16992']],
      body: 'é',
      framing: 'length',
    })
    assert.equal(text(plain), 'POST /wsman HTTP/1.1\r\nHost: g:16992\r\nContent-Length: 2\r\n\r\né')
    const relayed = writeRequest({
      method: 'POST',
      target: '/wsman',
      fields: [
        ['Authorization', 'Digest x'],
        ['Host', 'g:16992'],
      ],
      body: 'é'.repeat(6),
      framing: 'chunked',
      close: true,
    })
    assert.equal(
      text(relayed),
      'POST /wsman HTTP/1.1\r\nAuthorization: Digest x\r\nHost: g:16992\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\nC\r\néééééé\r\n0\r\n\r\n',
    )
  })

  test("firmware's chunks are 0220 bytes, then 02FA, then the rest", () => {
    const lines = text(writeSoapResponse({ status: 200, date, server, xml: 'x'.repeat(0x220 + 0x2fa + 5) })).split(
      '\r\n',
    )
    assert.deepEqual(lines.slice(0, 7), [
      'HTTP/1.1 200 OK',
      `Date: ${date}`,
      `Server: ${server}`,
      'X-Frame-Options: DENY',
      'Content-Type: application/soap+xml; charset=UTF-8',
      'Transfer-Encoding: chunked',
      '',
    ])
    assert.deepEqual(
      lines.slice(7).map((line) => (line.startsWith('x') ? line.length : line)),
      ['0220', 0x220, '02FA', 0x2fa, '0005', 5, '0', '', ''],
    )
  })

  test("a refusal's head never ends in a zero and its page ends as clients wait for", () => {
    const answer = text(writeUnauthorized({ challenge, server }))
    assert.match(answer, /\r\nConnection: close\r\n\r\n<!DOCTYPE/)
    assert.ok(answer.endsWith('</html>'))
    assert.match(
      text(writePage({ status: 404, reason: 'Not Found', server, html: '' })),
      /\r\nConnection: close\r\n\r\n$/,
    )
  })

  test('reads what other servers send', () => {
    const [interim] = read('HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-LENGTH:  2 \r\n\r\nok')
    assert.deepEqual([interim?.status, text(interim!.body)], [200, 'ok'])
    const [chunked] = read(
      '\r\nHTTP/1.1 200 OK\nTransfer-Encoding: Chunked\n\n000a;x="y"\r\n0123456789\r\n00\r\nTrailer: x\r\n\r\n',
    )
    assert.equal(text(chunked!.body), '0123456789')
    assert.equal(read('HTTP/1.1 204 \r\nContent-Length: 5\r\n\r\n')[0]?.status, 204)
    const [two] = read(
      'HTTP/1.1 401 x\r\nWWW-Authenticate: Negotiate\r\nWWW-Authenticate: Digest a\r\nContent-Length: 0\r\n\r\n',
    )
    assert.deepEqual(headerValues(two!, 'www-authenticate'), ['Negotiate', 'Digest a'])
  })

  test('a response without a length ends with its connection', () => {
    const reader = new HttpResponseReader()
    reader.push(utf8('HTTP/1.0 200 OK\r\n\r\nhalf'))
    assert.equal(reader.next(), undefined)
    reader.push(utf8(' whole'))
    assert.equal(reader.next(), undefined)
    const message = reader.end()
    assert.deepEqual([text(message!.body), message!.keepAlive], ['half whole', false])
    assert.equal(reader.end(), undefined)
  })

  test('a request without a length has no body', () => {
    const [first, second] = readIn(
      new HttpRequestReader(),
      utf8('GET / HTTP/1.1\r\n\r\nGET /logon.htm HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n'),
      [],
    )
    assert.deepEqual(
      [first?.target, first?.keepAlive, second?.target, second?.keepAlive],
      ['/', true, '/logon.htm', true],
    )
  })

  for (const [what, document] of Object.entries({
    'no status line': 'hello\r\n\r\n',
    'a broken status': 'HTTP/1.1 20 OK\r\n\r\n',
    'another protocol': 'HTTP/2 200 OK\r\n\r\n',
    'a change of protocol': 'HTTP/1.1 101 Switching\r\n\r\n',
    'both a length and chunks': 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n',
    'two lengths': 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd',
    'a signed length': 'HTTP/1.1 200 OK\r\nContent-Length: +3\r\n\r\nabc',
    'a negative length': 'HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n',
    'another encoding': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n',
    'chunked twice': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n',
    'folded fields': 'HTTP/1.1 200 OK\r\nA: b\r\n c: d\r\n\r\n',
    'a field without a name': 'HTTP/1.1 200 OK\r\n: d\r\n\r\n',
    'a field without a colon': 'HTTP/1.1 200 OK\r\nabc\r\n\r\n',
    'a space before the colon': 'HTTP/1.1 200 OK\r\nContent-Length : 3\r\n\r\nabc',
    'a NUL in a field': 'HTTP/1.1 200 OK\r\nA: \0\r\n\r\n',
    'a bare CR in a field': 'HTTP/1.1 200 OK\r\nA: b\rC: d\r\n\r\n',
    'a chunk size that is none': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n',
    'an empty chunk size': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\r\n',
    'a chunk size with a sign': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n',
    'a chunk longer than its size': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n',
    'too many fields': `HTTP/1.1 200 OK\r\n${'A: b\r\n'.repeat(HTTP_BOUNDS.fields + 1)}\r\n`,
    'a head without end': `HTTP/1.1 200 OK\r\n${'A: b\r\n'.repeat(5000)}`,
    'a line without end': 'x'.repeat(HTTP_BOUNDS.head + 1),
    'a body that is too long': `HTTP/1.1 200 OK\r\nContent-Length: ${HTTP_BOUNDS.body + 1}\r\n\r\n`,
    'chunks that are too long': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFF\r\n',
    'a chunk size line without end': `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;${'x'.repeat(300)}`,
    'trailers without end': `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n${'A: b\r\n'.repeat(5000)}`,
    'an endless body': `HTTP/1.1 200 OK\r\n\r\n${'x'.repeat(HTTP_BOUNDS.body + 1)}`,
  })) {
    test(`refuses ${what}`, () => fails(new HttpResponseReader(), document, /^WIRE_(MALFORMED|TOO_LONG)$/))
  }

  for (const document of [
    'POST /wsman\r\n\r\n',
    'POST /wsman HTTP/1.1 x\r\n\r\n',
    'POST  HTTP/1.1\r\n\r\n',
    'POST /wsman FTP/1.1\r\n\r\n',
  ])
    test(`refuses the request line ${JSON.stringify(document)}`, () =>
      fails(new HttpRequestReader(), document, /^WIRE_MALFORMED$/))

  test('many chunks that are too long together are refused before they all came', () => {
    const reader = new HttpResponseReader()
    reader.push(utf8('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'))
    const chunk = concat([utf8('4000\r\n'), new Uint8Array(0x4000), utf8('\r\n')])
    assert.throws(
      () => {
        for (let sent = 0; sent <= HTTP_BOUNDS.body; sent += 0x4000) {
          reader.push(chunk)
          reader.next()
        }
      },
      { code: 'WIRE_TOO_LONG' },
    )
  })

  test('an end inside a message is told from one between messages', () => {
    const whole = text(writeSoapResponse({ status: 200, date, server, xml: '<a/>' }))
    for (let at = 1; at < whole.length; at++) fails(new HttpResponseReader(), whole.slice(0, at), /^WIRE_TRUNCATED$/)
    const reader = new HttpResponseReader()
    assert.equal(reader.idle, true)
    reader.push(utf8(whole))
    assert.equal(reader.idle, false)
    assert.ok(reader.next())
    assert.equal(reader.idle, true)
    assert.equal(reader.end(), undefined)
  })

  test('a line break in a field is refused, not written', () => {
    const request = { method: 'POST', target: '/wsman', body: '', framing: 'length' } as const
    assert.throws(() => writeRequest({ ...request, fields: [['Host', 'a\r\nX: y']] }), RangeError)
    assert.throws(() => writeRequest({ ...request, fields: [['Host', 'a\nX: y']] }), RangeError)
  })
})
