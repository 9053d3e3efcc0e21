import { once } from 'node:events'
import { createConnection, type Socket } from 'node:net'
import {
  type MeiConnection,
  type MeiPort,
  meiClientName,
  meiConnectAnswer,
  meiConnectRequest,
  meiConnectStatus,
  meiFaults,
} from '@outrider/protocols/mei'
import { type Bytes, type Fault, type Guid, guidToSmbios } from '@outrider/protocols/values'
import { decode, encode } from '@outrider/protocols/wire'
import { FrameSocket } from './frame-socket.ts'

/** The management engine a simulator serves on the Unix socket at `path`: where a real machine has `/dev/mei0`. */
export const openMeiSocket = (path: string): MeiPort => ({
  connect: async (client, signal) => {
    const frames = new FrameSocket(await dial(path, signal))
    try {
      await frames.send(encode(meiConnectRequest, { client: guidToSmbios(client) }), signal)
      const answer = decode(meiConnectAnswer, await frames.receive(signal), 'MEI socket')
      if (answer.status !== meiConnectStatus.ok) throw refusal(answer.status, client, path)
      return new SocketConnection(frames, answer.maxMessageBytes, answer.protocolVersion)
    } catch (error) {
      await frames.close()
      throw error
    }
  },
})

class SocketConnection implements MeiConnection {
  readonly #frames: FrameSocket
  readonly maxMessageBytes: number
  readonly protocolVersion: number

  constructor(frames: FrameSocket, maxMessageBytes: number, protocolVersion: number) {
    this.#frames = frames
    this.maxMessageBytes = maxMessageBytes
    this.protocolVersion = protocolVersion
  }

  async write(message: Bytes, signal: AbortSignal): Promise<void> {
    if (message.length > this.maxMessageBytes)
      throw new RangeError(`a MEI message of at most ${this.maxMessageBytes} bytes was given ${message.length}`)
    await this.#frames.send(message, signal)
  }

  read(signal: AbortSignal): Promise<Bytes> {
    return this.#frames.receive(signal)
  }

  close(): Promise<void> {
    return this.#frames.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}

const dial = async (path: string, signal: AbortSignal): Promise<Socket> => {
  signal.throwIfAborted()
  const socket = createConnection({ path })
  try {
    await once(socket, 'connect', { signal })
    return socket
  } catch (error) {
    socket.destroy()
    signal.throwIfAborted()
    throw unreachable(error, path)
  }
}

/** What the missing, forbidden or dead socket would be on a real machine. */
const unreachable = (error: unknown, device: string): Fault => {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'EACCES' || code === 'EPERM') return meiFaults.MEI_NO_PERMISSION({ device }, error)
  // The file is there and nobody listens: the firmware is down, as an engine in reset is.
  if (code === 'ECONNREFUSED' || code === 'ECONNRESET' || code === 'EAGAIN') return meiFaults.MEI_RESET({}, error)
  return meiFaults.MEI_NO_DRIVER({ device }, error)
}

const refusal = (status: number, client: Guid, device: string): Fault => {
  const detail = { client: meiClientName(client) ?? client }
  switch (status) {
    case meiConnectStatus.EACCES:
      return meiFaults.MEI_NO_PERMISSION({ device })
    case meiConnectStatus.EBUSY:
      return meiFaults.MEI_BUSY(detail)
    case meiConnectStatus.ENOTTY:
      return meiFaults.MEI_NO_CLIENT(detail)
    default:
      return meiFaults.MEI_RESET({ errno: status })
  }
}
