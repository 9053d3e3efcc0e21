import { once } from 'node:events'
import { chmod, unlink } from 'node:fs/promises'
import { createConnection, createServer, type Server, type Socket } from 'node:net'
import {
  type MeiConnection,
  type MeiPort,
  meiConnectAnswer,
  meiConnectRequest,
  meiConnectStatus,
} from '@outrider/protocols/mei'
import { Fault, guidFromSmbios, seconds } from '@outrider/protocols/values'
import { decode, encode } from '@outrider/protocols/wire'
import { meiSocketFaults } from './faults.ts'
import { FrameSocket } from './frame-socket.ts'

/** A socket being served. Disposing it ends every connection and removes the socket file. */
export interface MeiSocketServer extends AsyncDisposable {
  readonly path: string
}

/** How long a connection may take to name the client it wants. */
const HANDSHAKE_MS = seconds(5)

/**
 * Serves a simulated engine on a Unix socket at `path` (mode 0600) until `signal` aborts or the result is
 * disposed; resolves when it listens. A socket file nobody listens on is replaced.
 *
 * Throws `MEI_SOCKET_IN_USE` where somebody listens there, `MEI_SOCKET_UNUSABLE` where the path is no good.
 */
export const serveMeiSocket = async (path: string, engine: MeiPort, signal: AbortSignal): Promise<MeiSocketServer> => {
  signal.throwIfAborted()
  const stop = new AbortController()
  const life = AbortSignal.any([signal, stop.signal])
  const bridges = new Set<Promise<void>>()
  const server = createServer((socket) => {
    const bridged = bridge(socket, engine, life).finally(() => bridges.delete(bridged))
    bridges.add(bridged)
  })
  await listen(server, path)
  await chmod(path, 0o600)

  const closed = once(server, 'close')
  const close = () => void server.close()
  life.addEventListener('abort', close, { once: true })
  if (life.aborted) close()
  return {
    path,
    [Symbol.asyncDispose]: async () => {
      stop.abort(new DOMException('the engine is no longer served', 'AbortError'))
      await Promise.all([closed, ...bridges])
    },
  }
}

const listen = async (server: Server, path: string): Promise<void> => {
  for (let attempt = 0; ; attempt++) {
    try {
      server.listen({ path })
      await once(server, 'listening')
      return
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
      if (code !== 'EADDRINUSE') throw meiSocketFaults.MEI_SOCKET_UNUSABLE({ path, reason: code }, error)
      if (attempt > 0 || (await isServed(path))) throw meiSocketFaults.MEI_SOCKET_IN_USE({ path }, error)
      // Left behind by a killed simulator.
      await unlink(path)
    }
  }
}

const isServed = async (path: string): Promise<boolean> => {
  const probe = createConnection({ path })
  try {
    await once(probe, 'connect')
    return true
  } catch {
    return false
  } finally {
    probe.destroy()
  }
}

/** One open of the device. Never rejects: whatever ends it ends this connection alone. */
const bridge = async (socket: Socket, engine: MeiPort, life: AbortSignal): Promise<void> => {
  const frames = new FrameSocket(socket)
  const over = new AbortController()
  const signal = AbortSignal.any([life, over.signal])
  void frames.closed.then(() => over.abort())
  let connection: MeiConnection | undefined
  try {
    connection = await accept(frames, engine, signal)
    if (connection !== undefined)
      await Promise.race([toEngine(frames, connection, signal), toHost(frames, connection, signal)])
  } catch {
    // The peer left, the engine was reset or the frames made no sense: in every case the device is closed.
  } finally {
    over.abort()
    await connection?.close()
    await frames.close()
  }
}

const accept = async (
  frames: FrameSocket,
  engine: MeiPort,
  signal: AbortSignal,
): Promise<MeiConnection | undefined> => {
  const first = await frames.receive(AbortSignal.any([signal, AbortSignal.timeout(HANDSHAKE_MS)]))
  const { client } = decode(meiConnectRequest, first, 'MEI socket')
  try {
    const connection = await engine.connect(guidFromSmbios(client), signal)
    const { maxMessageBytes, protocolVersion } = connection
    await frames.send(
      encode(meiConnectAnswer, { status: meiConnectStatus.ok, maxMessageBytes, protocolVersion }),
      signal,
    )
    return connection
  } catch (error) {
    const answer = { status: errnoOf(error), maxMessageBytes: 0, protocolVersion: 0 }
    await frames.send(encode(meiConnectAnswer, answer), signal)
    await frames.finish()
    return undefined
  }
}

const errnoOf = (error: unknown): number => {
  switch (error instanceof Fault ? error.code : undefined) {
    case 'MEI_NO_PERMISSION':
      return meiConnectStatus.EACCES
    case 'MEI_BUSY':
      return meiConnectStatus.EBUSY
    case 'MEI_NO_CLIENT':
      return meiConnectStatus.ENOTTY
    default:
      return meiConnectStatus.ENODEV
  }
}

const toEngine = async (frames: FrameSocket, connection: MeiConnection, signal: AbortSignal): Promise<void> => {
  for (;;) await connection.write(await frames.receive(signal), signal)
}

const toHost = async (frames: FrameSocket, connection: MeiConnection, signal: AbortSignal): Promise<void> => {
  for (;;) await frames.send(await connection.read(signal), signal)
}
