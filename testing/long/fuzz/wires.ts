import { once } from 'node:events'
import { connect as connectTcp } from 'node:net'
import type { Duplex } from 'node:stream'
import { connect as connectTls } from 'node:tls'
import { type MeiPort, meiClients } from '@outrider/protocols/mei'
import { type Bytes, concat, Fault } from '@outrider/protocols/values'
import { WebSocket } from 'ws'
import { until } from '../../harness/index.ts'
import { isBug } from '../house/event-trail.ts'
import type { House } from '../house/house.ts'
import { Machine } from '../house/machine.ts'
import type { Noise } from '../noise.ts'
import { backTo, restingResources } from '../resources.ts'
import type { Corpus } from './corpus.ts'
import { mutate } from './mutate.ts'

export interface WireFuzz {
  readonly wire: string
  readonly connections: number
  readonly wrong: readonly string[]
}

/** Longest life of one connection that is sent rubbish: the deadlines of the house, and a busy machine. */
const LONGEST = 60_000
const AT_ONCE = 16

/** Sends spoilt conversations to what listens: each connection ends by itself, and nothing is left of it. */
export const fuzzWires = async (
  house: House,
  corpus: Corpus,
  connections: number,
  noise: Noise,
  deadline = Number.POSITIVE_INFINITY,
): Promise<readonly WireFuzz[]> => {
  const heard = (kind: string): readonly Bytes[] => corpus.get(kind) ?? []
  const wires: readonly (readonly [string, (mine: Noise) => Promise<void>])[] = [
    ['CIRA', (mine) => stream(house, house.ciraPort, spoilt(heard('apf up'), mine), mine)],
    ['HTTPS', (mine) => stream(house, house.port, spoilt(heard('http request'), mine), mine)],
    ['RPS WebSocket', (mine) => webSocket(house, heard('rps client'), mine)],
  ]
  const results: WireFuzz[] = []
  for (const [wire, talk] of wires) {
    const resting = await restingResources()
    const wrong: string[] = []
    const seen = house.events.mark
    let begun = 0
    const worker = async (mine: Noise): Promise<void> => {
      while (begun < connections && performance.now() < deadline && wrong.length < 5) {
        begun++
        await talk(mine).catch((error: unknown) => void wrong.push(String(error)))
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, () => worker(noise.fork())))
    const holds = () => house.mps.connections === 0 && house.mps.tunnels === 0 && house.rps.sessions === 0
    await until(holds, LONGEST).catch(() =>
      wrong.push(`left: ${house.mps.connections} connections of devices, ${house.rps.sessions} provisioning sessions`),
    )
    wrong.push(...(await backTo(resting, LONGEST)))
    for (const told of house.events.since(seen).filter(isBug)) wrong.push(JSON.stringify(told).slice(0, 800))
    results.push({ wire, connections: begun, wrong })
  }
  results.push(await fuzzEngine(house, corpus, connections, noise))
  return results
}

/** A conversation up to somewhere, and then something else. */
const spoilt = (messages: readonly Bytes[], noise: Noise): readonly Bytes[] => {
  const right = messages.slice(0, noise.below(Math.min(messages.length, 12)))
  const next = messages[right.length] ?? noise.bytes(40)
  return [...right, mutate(next, messages, noise)]
}

const stream = async (house: House, port: number, messages: readonly Bytes[], noise: Noise): Promise<void> => {
  const raw = noise.chance(0.15)
  const socket: Duplex = raw
    ? connectTcp({ host: '127.0.0.1', port })
    : connectTls({ host: '127.0.0.1', port, ca: house.identity.cert, servername: 'localhost' })
  const closed = once(socket, 'close')
  socket.on('error', () => undefined)
  socket.resume()
  await once(socket, raw ? 'connect' : 'secureConnect')
  const bytes = concat(messages)
  for (let at = 0; at < bytes.length; ) {
    const length = noise.chance(0.5) ? bytes.length : 1 + noise.below(100)
    if (!socket.writable) break
    socket.write(bytes.subarray(at, at + length))
    at += length
  }
  // Some leave, some wait to be shown out, some are cut.
  const leaving = noise.below(10)
  if (leaving < 4) socket.end()
  else if (leaving < 7) socket.destroy()
  await inTime(closed, 'a connection')
}

const webSocket = async (house: House, frames: readonly Bytes[], noise: Noise): Promise<void> => {
  const path = noise.pick(['activate', 'deactivate', 'maintenance'])
  const socket = new WebSocket(`wss://127.0.0.1:${house.port}/${path}`, { ca: house.identity.cert })
  const closed = once(socket, 'close')
  socket.on('error', () => undefined)
  socket.on('message', () => undefined)
  await once(socket, 'open')
  const command = frames.slice(0, 1)
  for (const frame of noise.chance(0.6)
    ? [mutate(command[0]!, frames, noise)]
    : [...command, mutate(noise.pick(frames), frames, noise)])
    if (socket.readyState === socket.OPEN) socket.send(frame, { binary: noise.chance(0.1) }, () => undefined)
  if (noise.chance(0.2)) socket.terminate()
  await inTime(closed, 'a WebSocket')
}

const inTime = async (closed: Promise<unknown>, what: string): Promise<void> => {
  const deadline = AbortSignal.timeout(LONGEST)
  const late = new Promise<never>((_, reject) => {
    deadline.addEventListener('abort', () => reject(new Error(`${what} did not end`)), { once: true })
  })
  await Promise.race([closed, late])
}

/** The management engine of a simulated machine answers or hangs up, whatever it is sent. */
const fuzzEngine = async (house: House, corpus: Corpus, connections: number, noise: Noise): Promise<WireFuzz> => {
  await using machine = await Machine.start(house, noise.fork())
  const wrong: string[] = []
  const signal = new AbortController().signal
  let begun = 0
  for (; begun < connections * 4 && wrong.length < 5; begun++) {
    const lme = noise.chance(0.5)
    const messages = corpus.get(lme ? 'lme' : 'amthi request') ?? []
    await talkTo(machine.firmware.engine, lme, spoilt(messages, noise), signal).catch((error: unknown) => {
      // Another holds LME, or AMT was switched off by what came before: that is an answer too.
      if (!(error instanceof Fault) || error.kind === 'bug') wrong.push(String((error as Error).stack))
    })
  }
  return { wire: 'MEI', connections: begun, wrong }
}

const talkTo = async (
  engine: MeiPort,
  lme: boolean,
  messages: readonly Bytes[],
  signal: AbortSignal,
): Promise<void> => {
  await using connection = await engine.connect(lme ? meiClients.lme : meiClients.amthi, signal)
  for (const message of messages)
    if (message.length <= connection.maxMessageBytes) await connection.write(message, signal)
}
