import { type Guid, guidFromSmbios, guidToSmbios, KiB, MiB, type Secret, secret } from '../values/index.ts'
import { blob, type Codec, counted, flag8, type Infer, reserved, struct, u8, u32be, union } from '../wire/index.ts'

// APF, the tunnel protocol of AMT, on the CIRA connection and on the local interface (reference/mps.md 1.2-1.3).
// A message is its type in one byte and then its fields: integers big-endian, texts a u32 count and the bytes.
// There is no outer length, so a message that is not known cannot be skipped; it ends the connection.

/** Longest text field, in bytes. */
export const MAX_TEXT = KiB(2)
/** Most bytes of one CHANNEL_DATA. */
export const MAX_DATA = MiB(1)
/** Most bytes of one CHANNEL_DATA that are even waited for while nobody has proved who is speaking. */
export const MAX_DATA_BEFORE_AUTH = 256
/** Longest message in bytes: a CHANNEL_DATA with all its data. */
export const MAX_MESSAGE = 9 + MAX_DATA

const text = counted(u32be, MAX_TEXT)

const secretText: Codec<Secret> = {
  read: (from) => secret(text.read(from)),
  write: (to, value) => text.write(to, value.reveal()),
}

const smbiosGuid: Codec<Guid> = {
  read: (from) => guidFromSmbios(from.bytes(16)),
  write: (to, value) => to.bytes(guidToSmbios(value)),
}

/** A number nobody looks at: both sides send all ones where other protocols have a packet size. */
const allOnes: Codec<undefined> = {
  read: (from) => {
    from.bytes(4)
    return undefined
  },
  write: (to) => to.u32(0xffffffff, false),
}

/** The method of a USERAUTH_REQUEST and what belongs to it. `none` asks which methods there are. */
export type AuthMethod = { readonly name: 'none' } | { readonly name: 'password'; readonly password: Secret }

const authMethod: Codec<AuthMethod> = {
  read: (from) => {
    const name = text.read(from)
    if (name === 'none') return { name }
    if (name !== 'password') return from.malformed('its authentication method is unknown')
    if (flag8.read(from)) return from.malformed('it asks to change the password')
    return { name, password: secretText.read(from) }
  },
  write: (to, method) => {
    text.write(to, method.name)
    if (method.name === 'none') return
    flag8.write(to, false)
    secretText.write(to, method.password)
  },
}

const forwardedPort = struct({ address: text, port: u32be })
const datagram = struct({
  address: text,
  port: u32be,
  originatorAddress: text,
  originatorPort: u32be,
  data: blob(u32be, 0xffff),
})

/** What a GLOBAL_REQUEST asks. A name that is not listed has a body of unknown length: that is a protocol fault. */
export type GlobalRequest = { readonly wantReply: boolean } & (
  | ({ readonly name: 'tcpip-forward' | 'cancel-tcpip-forward' } & Infer<typeof forwardedPort>)
  | ({ readonly name: 'udp-send-to@amt.intel.com' } & Infer<typeof datagram>)
)

const globalRequest: Codec<GlobalRequest> = {
  read: (from) => {
    const name = text.read(from)
    const wantReply = flag8.read(from)
    switch (name) {
      case 'tcpip-forward':
      case 'cancel-tcpip-forward':
        return { name, wantReply, ...forwardedPort.read(from) }
      case 'udp-send-to@amt.intel.com':
        return { name, wantReply, ...datagram.read(from) }
      default:
        return from.malformed('its global request is unknown')
    }
  },
  write: (to, request) => {
    text.write(to, request.name)
    flag8.write(to, request.wantReply)
    if (request.name === 'udp-send-to@amt.intel.com') datagram.write(to, request)
    else forwardedPort.write(to, request)
  },
}

/** REQUEST_SUCCESS names the port where a `tcpip-forward` is answered, and nothing where a cancel is. */
const boundPort: Codec<number | undefined> = {
  read: (from) => from.u32(false),
  write: (to, port) => {
    if (port !== undefined) to.u32(port, false)
  },
}
const noPort: Codec<number | undefined> = { read: () => undefined, write: boundPort.write }

const table = (maxData: number, port: Codec<number | undefined>) =>
  union(u8, {
    // Never sent. An existing server ends its USERAUTH_FAILURE with one zero byte too many: read here, it is this.
    padding: [0, {}],
    disconnect: [1, { reason: u32be, reserved: reserved(2) }],
    serviceRequest: [5, { service: text }],
    serviceAccept: [6, { service: text }],
    userauthRequest: [50, { user: text, service: text, method: authMethod }],
    userauthFailure: [51, { methods: text, partialSuccess: flag8 }],
    userauthSuccess: [52, {}],
    globalRequest: [80, { request: globalRequest }],
    requestSuccess: [81, { port }],
    requestFailure: [82, {}],
    channelOpen: [
      90,
      {
        channelType: text,
        sender: u32be,
        window: u32be,
        maxPacket: allOnes,
        address: text,
        port: u32be,
        originatorAddress: text,
        originatorPort: u32be,
      },
    ],
    channelOpenConfirmation: [91, { recipient: u32be, sender: u32be, window: u32be, maxPacket: allOnes }],
    channelOpenFailure: [92, { recipient: u32be, reason: u32be, reserved: reserved(8) }],
    channelWindowAdjust: [93, { recipient: u32be, increment: u32be }],
    channelData: [94, { recipient: u32be, data: blob(u32be, maxData) }],
    channelClose: [97, { recipient: u32be }],
    protocolVersion: [192, { major: u32be, minor: u32be, trigger: u32be, guid: smbiosGuid, reserved: reserved(64) }],
    keepaliveRequest: [208, { cookie: u32be }],
    keepaliveReply: [209, { cookie: u32be }],
    /** Seconds; a timeout of 0 is none. */
    keepaliveOptionsRequest: [210, { interval: u32be, timeout: u32be }],
    keepaliveOptionsReply: [211, { interval: u32be, timeout: u32be }],
  })

/** Every message of both directions. A REQUEST_SUCCESS is read with a port, as an answer to `tcpip-forward`. */
export const apfMessage = table(MAX_DATA, boundPort)

/** The same for as long as nobody has proved who is speaking. */
export const apfBeforeAuth: Codec<ApfMessage> = table(MAX_DATA_BEFORE_AUTH, boundPort)

/** The same where the request that was sent last, and is not answered yet, is a `cancel-tcpip-forward`. */
export const apfAfterCancel: Codec<ApfMessage> = table(MAX_DATA, noPort)

export type ApfMessage = Infer<typeof apfMessage>
export type ApfMessageType = ApfMessage['type']
export type ApfMessageOf<Type extends ApfMessageType> = Extract<ApfMessage, { readonly type: Type }>
