import { readDetection } from '@outrider/platform-manageability-agent'
import { type ApfMessage, apfBeforeAuth, apfMessage } from '@outrider/protocols/apf'
import {
  type AmthiName,
  amthiCommands,
  ciraLog,
  decodeAmthiRequest,
  decodeAmthiResponse,
  decodeChangeToAmtEnabled,
  decodeOperationalStateReply,
  decodeUpid,
  decodeUpidRequest,
  decodeUpidStatus,
  decodeWatchdogRequest,
  meiConnectAnswer,
  meiFrame,
  startConfiguration,
} from '@outrider/protocols/mei'
import {
  decodeClientMessage,
  decodeOutcome,
  decodeServerMessage,
  encodeClientMessage,
  encodeServerMessage,
  formatCommandLine,
  parseCommandLine,
} from '@outrider/protocols/rps'
import { type Bytes, concat, fromBase64, parseGuid, strictText, text, utf8 } from '@outrider/protocols/values'
import { type Codec, decode, encode, Framer } from '@outrider/protocols/wire'
import {
  decodeRequest,
  decodeResponse,
  HttpRequestReader,
  HttpResponseReader,
  parseAuthorization,
  parseChallenge,
  printAuthorization,
  readXml,
} from '@outrider/protocols/wsman'
import { hostFilter } from '../../../components/inventory/northbound/host-filter.ts'
import { parseCommandLine as parseRpcCommandLine } from '../../../components/rpc/command-line/parse.ts'
import type { Noise } from '../noise.ts'
import type { Corpus } from './corpus.ts'

/** Something that reads what a peer sent: it answers with a value, or throws a coded fault, and does nothing else. */
export interface Target {
  readonly name: string
  readonly corpus: readonly Bytes[]
  read(bytes: Bytes, noise: Noise): unknown
  /** Of a value that was read: the same again, which must read the same. Where there is none, that is not asked. */
  again?(bytes: Bytes): void
}

/** Header and status of an AMTHI response. */
const AMTHI_HEAD = 16

/** Every codec of the house, with what was overheard of its protocol. */
export const codecTargets = (corpus: Corpus): readonly Target[] => {
  const heard = (...kinds: readonly string[]): readonly Bytes[] => kinds.flatMap((kind) => corpus.get(kind) ?? [])
  const apf = heard('lme', 'apf up', 'apf down')
  const amthi = heard('amthi request', 'amthi response')
  const http = heard('http request', 'http response')
  const documents = http.map(bodyOf).filter((document) => document.length > 0)
  const names = Object.keys(amthiCommands) as AmthiName[]
  const small = [Uint8Array.of(5, 2, 0x51, 0x10), Uint8Array.of(5, 3, 0x53, 0x10, 1), new Uint8Array(24)]
  return [
    {
      name: 'APF',
      corpus: apf,
      read: (bytes) => decode(apfMessage, bytes, 'APF'),
      again: (bytes) => sameAgain(apfMessage, bytes),
    },
    { name: 'APF before auth', corpus: apf, read: (bytes) => decode(apfBeforeAuth, bytes, 'APF') },
    { name: 'APF stream', corpus: [concat(heard('apf up')), concat(heard('apf down')), ...apf], read: splitAnywhere },
    { name: 'AMTHI request', corpus: amthi, read: (bytes) => decodeAmthiRequest(bytes) },
    {
      name: 'AMTHI response',
      corpus: heard('amthi response'),
      read: (bytes) => {
        // Read as an answer to whatever it says it answers, where it says that.
        const id = bytes.length < 8 ? 0 : new DataView(bytes.buffer, bytes.byteOffset).getUint32(4, true)
        const name = names.find((each) => (amthiCommands[each].id | 0x00800000) >>> 0 === id) ?? 'getUuid'
        return decodeAmthiResponse(name, bytes)
      },
    },
    {
      name: 'CIRA log',
      corpus: heard('amthi response')
        .filter(({ length }) => length > 1000)
        .map((response) => response.subarray(AMTHI_HEAD)),
      read: (bytes) => decode(ciraLog, bytes, 'CIRA log', 'ignore'),
    },
    {
      name: 'StartConfiguration',
      corpus: [390, 73, 393].map((length) => new Uint8Array(length).fill(2)),
      read: (bytes) => decode(startConfiguration, bytes, 'AMTHI'),
    },
    { name: 'watchdog request', corpus: small, read: decodeWatchdogRequest },
    { name: 'watchdog answer', corpus: small, read: decodeChangeToAmtEnabled },
    { name: 'watchdog state', corpus: small, read: decodeOperationalStateReply },
    { name: 'UPID request', corpus: small, read: decodeUpidRequest },
    { name: 'UPID status', corpus: small, read: decodeUpidStatus },
    { name: 'UPID', corpus: small, read: decodeUpid },
    {
      name: 'MEI frame',
      corpus: amthi.map((content) => encode(meiFrame, { content })),
      read: (bytes) => decode(meiFrame, bytes, 'MEI'),
    },
    { name: 'MEI connect', corpus: small, read: (bytes) => decode(meiConnectAnswer, bytes, 'MEI') },
    {
      name: 'RPS client message',
      corpus: heard('rps client'),
      read: (bytes) => decodeClientMessage(bytes),
      again: (bytes) => {
        const { message } = decodeClientMessage(bytes)
        // What a heartbeat gives back is the peer's own.
        if (message.type !== 'unknown' && message.type !== 'heartbeat_response')
          same(decodeClientMessage(encodeClientMessage(message, '3')).message, message)
      },
    },
    {
      name: 'RPS server message',
      corpus: heard('rps server'),
      read: (bytes) => decodeServerMessage(bytes),
      again: (bytes) => {
        const message = decodeServerMessage(bytes)
        if (message.type !== 'unknown' && message.type !== 'heartbeat_request')
          same(decodeServerMessage(encodeServerMessage(message, '3')), message)
      },
    },
    { name: 'RPS outcome', corpus: heard('rps server'), read: (bytes) => decodeOutcome(text(bytes)) },
    {
      name: 'RPS command line',
      corpus: [
        utf8('activate --profile one -f'),
        utf8('deactivate --password a b -f'),
        utf8('maintenance -password x --synctime'),
      ],
      read: (bytes) => parseCommandLine(text(bytes)),
      again: (bytes) => {
        const command = parseCommandLine(text(bytes))
        same(parseCommandLine(formatCommandLine(command)), command)
      },
    },
    {
      name: 'HTTP response',
      corpus: http,
      read: (bytes, noise) => httpAnywhere(() => new HttpResponseReader(), bytes, noise),
    },
    {
      name: 'HTTP request',
      corpus: http,
      read: (bytes, noise) => httpAnywhere(() => new HttpRequestReader(), bytes, noise),
    },
    { name: 'XML', corpus: documents, read: (bytes) => readXml(text(bytes)) },
    { name: 'SOAP request', corpus: documents, read: (bytes) => decodeRequest(text(bytes)) },
    { name: 'SOAP response', corpus: documents, read: (bytes) => decodeResponse(text(bytes)) },
    {
      name: 'digest challenge',
      corpus: fields(http, 'www-authenticate'),
      read: (bytes) => parseChallenge(text(bytes)),
    },
    {
      name: 'digest authorization',
      corpus: fields(http, 'authorization'),
      read: (bytes) => parseAuthorization(text(bytes)),
      again: (bytes) => {
        const proof = parseAuthorization(text(bytes))
        if (proof !== undefined) same(parseAuthorization(printAuthorization(proof)), proof)
      },
    },
    { name: 'base64', corpus: heard('rps client'), read: (bytes) => fromBase64(text(bytes)) },
    { name: 'UTF-8', corpus: documents, read: strictText },
    { name: 'GUID', corpus: [utf8('d12428be-9fa1-4226-9784-54b2038beab6')], read: (bytes) => parseGuid(text(bytes)) },
    {
      name: 'RPC command line',
      corpus: [
        utf8('activate -u wss://h/a --profile p -n'),
        utf8('amtinfo --json -all'),
        utf8('deactivate -u wss://h --password x'),
      ],
      read: (bytes) => parseRpcCommandLine(text(bytes).split(' '), {}),
    },
    {
      name: 'host filter',
      corpus: [
        utf8('hostStatus="x" AND (name=\'y\' OR NOT serial_number="z")'),
        utf8('current_state = HOST_STATE_ONBOARDED'),
      ],
      read: (bytes) => hostFilter(text(bytes)),
    },
    {
      name: 'amtinfo document',
      corpus: [
        utf8(
          '{"detection":{"support":"amt","reason":"AMT_READY","message":"m"},"uuid":"x","ras":{"remoteStatus":"connected"}}',
        ),
      ],
      read: (bytes) => readDetection({ exitCode: 0, stdout: text(bytes), stderr: '' }),
    },
  ]
}

/** Thrown where two readings of the same differ. */
export class Different extends Error {}

const shape = (value: unknown): string =>
  JSON.stringify(value, (_key, each) =>
    each instanceof Uint8Array
      ? [...each]
      : typeof each === 'object' && each !== null && 'reveal' in each
        ? each.reveal()
        : each,
  )

const same = (one: unknown, other: unknown): void => {
  if (shape(one) !== shape(other)) throw new Different(`${shape(one)} is not ${shape(other)}`)
}

const sameAgain = <T>(codec: Codec<T>, bytes: Bytes): void => {
  const value = decode(codec, bytes, 'again')
  same(decode(codec, encode(codec, value), 'again'), value)
}

/** A stream in one piece and the same in pieces give the same messages, and fail alike. */
const splitAnywhere = (bytes: Bytes, noise: Noise): readonly ApfMessage[] => {
  const collect = (pieces: readonly Bytes[]): { readonly messages: ApfMessage[]; readonly failed: unknown } => {
    const framer = new Framer<ApfMessage>(apfMessage, 'APF', 1 << 21)
    const messages: ApfMessage[] = []
    try {
      for (const piece of pieces) {
        framer.push(piece)
        for (let message = framer.next(); message !== undefined; message = framer.next()) messages.push(message)
      }
      framer.end()
      return { messages, failed: undefined }
    } catch (failed) {
      return { messages, failed }
    }
  }
  const [whole, parts] = [collect([bytes]), collect(piecesOf(bytes, noise))]
  same(parts.messages, whole.messages)
  if ((whole.failed === undefined) !== (parts.failed === undefined))
    throw new Different('one fails and the other does not')
  if (whole.failed !== undefined) throw whole.failed
  return whole.messages
}

const httpAnywhere = (
  make: () => { push(bytes: Bytes): void; next(): unknown },
  bytes: Bytes,
  noise: Noise,
): readonly unknown[] => {
  const collect = (pieces: readonly Bytes[]): { readonly messages: unknown[]; readonly failed: unknown } => {
    const reader = make()
    const messages: unknown[] = []
    try {
      for (const piece of pieces) {
        reader.push(piece)
        for (let message = reader.next(); message !== undefined; message = reader.next()) messages.push(message)
      }
      return { messages, failed: undefined }
    } catch (failed) {
      return { messages, failed }
    }
  }
  const [whole, parts] = [collect([bytes]), collect(piecesOf(bytes, noise))]
  same(parts.messages, whole.messages)
  if ((whole.failed === undefined) !== (parts.failed === undefined))
    throw new Different('one fails and the other does not')
  if (whole.failed !== undefined) throw whole.failed
  return whole.messages
}

const piecesOf = (bytes: Bytes, noise: Noise): readonly Bytes[] => {
  const pieces: Bytes[] = []
  for (let at = 0; at < bytes.length; ) {
    const length = 1 + noise.below(noise.chance(0.5) ? 3 : 400)
    pieces.push(bytes.subarray(at, at + length))
    at += length
  }
  return pieces
}

const bodyOf = (message: Bytes): Bytes => {
  const whole = text(message)
  const begin = whole.indexOf('<?xml')
  const end = whole.lastIndexOf('>')
  return begin < 0 ? new Uint8Array(0) : utf8(whole.slice(begin, end + 1))
}

const fields = (messages: readonly Bytes[], name: string): readonly Bytes[] =>
  messages.flatMap((message) => {
    const found = new RegExp(`^${name}: (.*)\\r$`, 'im').exec(text(message))?.[1]
    return found === undefined ? [] : [utf8(found)]
  })
