// CIRA sessions: what a tunnel costs while it is idle, to connect, and per call through it.
//
//   node --expose-gc bench/cira-session.ts [--count N]
//
// Prints one JSON line per measure: CPU microseconds and bytes per unit. Both ends run in this process, so CPU
// per unit is that of a session and of a simulated device together; memory is the session's alone.

import { type Duplex, duplexPair } from 'node:stream'
import { parseArgs } from 'node:util'
import { type ApfMessage, apfMessage, TriggerReason } from '../protocols/apf/index.ts'
import { concat, guid, secret } from '../protocols/values/index.ts'
import { encode } from '../protocols/wire/index.ts'
import { acceptCira, type Channel, dialCira, Sweeper } from '../sessions/cira/index.ts'

const { values } = parseArgs({ options: { count: { type: 'string', default: '5000' } } })
const COUNT = Number(values.count)
const DEVICE = guid('d12428be-9fa1-4226-9784-54b2038beab6')
const PASSWORD = secret('P@ssw0rd')
const PORTS = [16993, 16992, 664, 623, 16995, 16994, 5900]
const never = new AbortController().signal

const collect = globalThis.gc ?? (() => {})
const print = (measure: string, numbers: Readonly<Record<string, number>>): void =>
  console.log(JSON.stringify({ measure, ...numbers }))
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

const cpu = async (act: () => Promise<void>): Promise<number> => {
  const before = process.cpuUsage()
  await act()
  const { user, system } = process.cpuUsage(before)
  return user + system
}
const heap = async (): Promise<number> => {
  for (let round = 0; round < 4; round++) {
    await turn()
    collect()
  }
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

const script = concat(
  (
    [
      { type: 'protocolVersion', major: 1, minor: 0, trigger: TriggerReason.periodic, guid: DEVICE },
      { type: 'serviceRequest', service: 'auth@amt.intel.com' },
      {
        type: 'userauthRequest',
        user: 'admin',
        service: 'pfwd@amt.intel.com',
        method: { name: 'password', password: PASSWORD },
      },
      { type: 'serviceRequest', service: 'pfwd@amt.intel.com' },
      ...PORTS.map(
        (port) =>
          ({
            type: 'globalRequest',
            request: { name: 'tcpip-forward', wantReply: true, address: '', port },
          }) as const,
      ),
    ] satisfies ApfMessage[]
  ).map((message) => encode(apfMessage, message)),
)
const options = (sweeper: Sweeper) => ({ sweeper, authenticate: async () => 'accepted' as const })

const pairs = (count: number): (readonly [Duplex, Duplex])[] =>
  Array.from({ length: count }, () => {
    const [far, near] = duplexPair()
    far.resume()
    return [far, near] as const
  })

const idle = async (): Promise<void> => {
  const sweeper = new Sweeper()
  const accept = options(sweeper)
  const streams = pairs(COUNT)
  // What any user of a socket has: a listener for its data.
  for (const [far, near] of streams) {
    near.on('data', () => {})
    far.write('x')
  }
  await turn()
  for (const [, near] of streams) near.removeAllListeners('data')
  const bare = await heap()
  const microseconds = await cpu(async () => {
    await Promise.all(
      streams.map(([far, near]) => {
        const session = acceptCira(near, accept, never)
        far.write(script)
        return session
      }),
    )
  })
  const full = await heap()
  print('idle tunnel', { bytes: Math.round((full - bare) / COUNT), tunnels: sweeper.size })
  print('connect, accepting side only', { cpuMicroseconds: Math.round(microseconds / COUNT) })
  const sweep = await cpu(async () => {
    for (let round = 0; round < 100; round++) sweeper.tick()
  })
  print('one round of deadlines over all tunnels', { cpuMicroseconds: Math.round(sweep / 100), tunnels: sweeper.size })
  for (const [far] of streams) far.destroy()
  await turn()
}

const call = async (): Promise<void> => {
  const sweeper = new Sweeper()
  const [far, near] = duplexPair()
  const request = new Uint8Array(1800)
  const response = new Uint8Array(2400)
  const serve = async (channel: Channel): Promise<void> => {
    for (;;) {
      let have = 0
      while (have < request.length) {
        const chunk = await channel.read(never)
        if (chunk === undefined) return
        have += chunk.length
      }
      await channel.write(response, never)
    }
  }
  const echo = async (channel: Channel): Promise<void> => {
    for (let chunk = await channel.read(never); chunk !== undefined; chunk = await channel.read(never))
      await channel.write(chunk, never)
  }
  const [session, tunnel] = await Promise.all([
    acceptCira(near, options(sweeper), never),
    dialCira(
      far,
      {
        sweeper,
        guid: DEVICE,
        trigger: TriggerReason.periodic,
        user: 'admin',
        password: PASSWORD,
        ports: PORTS,
        address: '',
        accept: (port, channel) => {
          ;(port === 16994 ? echo(channel) : serve(channel)).catch(() => {})
          return true
        },
      },
      never,
    ),
  ])
  const channel = await session.openChannel(16992, never)
  const exchange = async (count: number): Promise<void> => {
    for (let done = 0; done < count; done++) {
      await channel.write(request, never)
      for (let have = 0; have < response.length; ) have += (await channel.read(never))?.length ?? response.length
    }
  }
  await exchange(2000)
  const calls = 20_000
  print('call of 1800 bytes there and 2400 back, both sides', {
    cpuMicroseconds: Math.round((await cpu(() => exchange(calls))) / calls),
  })
  const opens = 5000
  const open = await cpu(async () => {
    for (let done = 0; done < opens; done++) (await session.openChannel(16992, never)).close()
  })
  print('channel opened and closed, both sides', { cpuMicroseconds: Math.round(open / opens) })

  const block = new Uint8Array(1 << 20)
  const sink = await session.openChannel(16994, never)
  const megabytes = 64
  const bulk = await cpu(async () => {
    for (let done = 0; done < megabytes; done++) {
      const written = sink.write(block, never)
      for (let have = 0; have < block.length; ) have += (await sink.read(never))?.length ?? block.length
      await written
    }
  })
  print('megabyte each way in 4 KiB frames, both sides', { cpuMicroseconds: Math.round(bulk / megabytes) })
  tunnel.close()
  await session.closed
  far.destroy()
  near.destroy()
}

await idle()
await call()
