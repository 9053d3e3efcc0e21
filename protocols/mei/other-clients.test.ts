import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { guidToSmbios, toHex } from '../values/index.ts'
import { decode, encode, Framer } from '../wire/index.ts'
import {
  amtVersion,
  decodeChangeToAmtEnabled,
  decodeOperationalStateReply,
  decodeUpid,
  decodeUpidRequest,
  decodeUpidStatus,
  decodeWatchdogRequest,
  encodeChangeToAmtEnabled,
  encodeOperationalStateReply,
  encodeUpid,
  encodeUpidRequest,
  encodeUpidStatus,
  encodeWatchdogRequest,
  MAX_MEI_MESSAGE_BYTES,
  meiClientName,
  meiClients,
  meiConnectAnswer,
  meiConnectRequest,
  meiFrame,
  operationalStateBar,
  skuFeatures,
} from './index.ts'

const record = <T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> =>
  fc.record<T>(model, { noNullPrototype: true })

describe('MEI clients', () => {
  it('go over the wire in the byte order of the ioctl', () => {
    assert.equal(toHex(guidToSmbios(meiClients.amthi)), '2800f812b7b42d4baca846e0ff65814c')
    assert.equal(toHex(guidToSmbios(meiClients.lme)), 'dba4336776047b4eb3afbcfc29bee7a7')
    assert.equal(toHex(guidToSmbios(meiClients.watchdog)), '6f9ab70528467f4d899da91514cb32ab')
    assert.equal(meiClientName(meiClients.upid), 'upid')
  })
})

describe('watchdog', () => {
  it('has the bytes of the specification', () => {
    assert.equal(toHex(encodeWatchdogRequest({ type: 'isChangeToAmtEnabled' })), '05025110')
    assert.equal(toHex(encodeWatchdogRequest({ type: 'setAmtOperationalState', enabled: true })), '0503531001')
    assert.equal(toHex(encodeOperationalStateReply(1)), '0503531001000000')
    assert.equal(decodeOperationalStateReply(encodeOperationalStateReply(7)), 7)
  })

  it('reads both requests back and refuses others', () => {
    for (const request of [
      { type: 'isChangeToAmtEnabled' } as const,
      { type: 'setAmtOperationalState', enabled: false } as const,
    ])
      assert.deepEqual(decodeWatchdogRequest(encodeWatchdogRequest(request)), request)
    assert.throws(() => decodeWatchdogRequest(Uint8Array.of(5, 2, 0x77, 0x10)), { code: 'WIRE_MALFORMED' })
    assert.throws(() => decodeWatchdogRequest(Uint8Array.of(5)), { code: 'WIRE_MALFORMED' })
  })

  it('keeps every bit of the mask', () => {
    const flag = fc.boolean()
    fc.assert(
      fc.property(
        record({
          transitionAllowed: flag,
          amtEnabled: flag,
          restricted: flag,
          tlsEnforcedOnLocalPorts: flag,
          newInterface: flag,
        }),
        (state) => assert.deepEqual(decodeChangeToAmtEnabled(encodeChangeToAmtEnabled(state)), state),
      ),
    )
    assert.throws(() => decodeChangeToAmtEnabled(new Uint8Array(0)), { code: 'WIRE_MALFORMED' })
  })

  it('says why the operational state is barred', () => {
    const bar = (mask: number) => operationalStateBar(decodeChangeToAmtEnabled(Uint8Array.of(mask)))
    assert.equal(bar(0xe0), 'locked')
    assert.equal(bar(0xc0), 'tls-enforced')
    assert.equal(bar(0xa0), 'restricted')
    assert.equal(bar(0x02), 'not-supported')
    assert.equal(bar(0x82), 'provisioned')
    assert.equal(bar(0x81), undefined)
  })
})

describe('UPID', () => {
  const id = { oemIdType: 1, oemId: new Uint8Array(32).fill(7), csmeId: new Uint8Array(32).fill(9) }

  it('reads back what it wrote', () => {
    assert.equal(encodeUpid(id).length, 76)
    assert.deepEqual(decodeUpid(encodeUpid(id)), { status: 0, upid: id })
    assert.deepEqual(decodeUpidRequest(encodeUpidRequest({ type: 'get' })), { type: 'get' })
    assert.deepEqual(decodeUpidRequest(encodeUpidRequest({ type: 'setState', enabled: true })), {
      type: 'setState',
      enabled: true,
    })
    assert.equal(decodeUpidStatus(encodeUpidStatus('setState', 3)), 3)
    assert.throws(() => decodeUpidRequest(Uint8Array.of(0, 9, 0, 0)), { code: 'WIRE_MALFORMED' })
  })

  it('reads a short answer as: not provisioned', () => {
    assert.deepEqual(decodeUpid(encodeUpidStatus('get', 0)), { status: 0 })
  })
})

describe('SKU features', () => {
  it('decodes by version', () => {
    assert.equal(skuFeatures('16.1.25', '16392'), 'AMT Pro Corporate')
    assert.equal(skuFeatures('16.1.25', '16400'), 'Intel Standard Manageability Corporate')
    assert.equal(skuFeatures('5.2.1', String(0x04 | 0x08 | 0x8000)), 'ASF AMT Pro L3 Mgt Upgrade')
    assert.equal(skuFeatures('8.0.1', String(0x04 | 0x8000)), '')
    assert.equal(skuFeatures('3.0.1', '14'), 'iQST ASF AMT')
    assert.equal(skuFeatures('2.1.0', '0'), 'AMT + ASF + iQST')
    assert.equal(skuFeatures('nonsense', '16392'), '')
    assert.equal(skuFeatures('16.1.25', 'nonsense'), '')
    assert.deepEqual(amtVersion('16.1.25'), [16, 1])
  })
})

describe('frames of the simulated device node', () => {
  it('read back what they wrote', () => {
    const client = guidToSmbios(meiClients.lme)
    assert.deepEqual(decode(meiConnectRequest, encode(meiConnectRequest, { client }), 'MEI socket'), { client })
    const answer = { status: 0, maxMessageBytes: 5120, protocolVersion: 1 }
    assert.deepEqual(decode(meiConnectAnswer, encode(meiConnectAnswer, answer), 'MEI socket'), answer)
    assert.throws(() => decode(meiConnectRequest, new Uint8Array(17), 'MEI socket'), {
      code: 'WIRE_MALFORMED',
    })
  })

  it('give the same messages however the stream is split', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 6 }),
        fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 40 }),
        (messages, cuts) => {
          const stream = Uint8Array.from(messages.flatMap((message) => [...encode(meiFrame, { content: message })]))
          const framer = new Framer(meiFrame, 'MEI socket', MAX_MEI_MESSAGE_BYTES + 4)
          const seen: number[][] = []
          for (let at = 0, turn = 0; at < stream.length; turn++) {
            const step = cuts[turn % cuts.length]!
            framer.push(stream.slice(at, at + step))
            at += step
            for (let next = framer.next(); next !== undefined; next = framer.next()) seen.push([...next.content])
          }
          framer.end()
          assert.deepEqual(
            seen,
            messages.map((message) => [...message]),
          )
        },
      ),
    )
  })

  it('refuse a message longer than any client has', () => {
    const framer = new Framer(meiFrame, 'MEI socket', MAX_MEI_MESSAGE_BYTES + 4)
    framer.push(Uint8Array.of(0xff, 0xff, 0xff, 0xff))
    assert.throws(() => framer.next(), { code: 'WIRE_TOO_LONG' })
  })
})
