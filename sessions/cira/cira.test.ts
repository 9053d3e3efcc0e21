import assert from 'node:assert/strict'
import { type Duplex, duplexPair } from 'node:stream'
import { test } from 'node:test'
import { TriggerReason } from '@outrider/protocols/apf'
import { guid, secret, text, utf8 } from '@outrider/protocols/values'
import { acceptCira, type Channel, dialCira, Sweeper } from './index.ts'

const deadline = () => AbortSignal.timeout(5000)

test('a device dials, is accepted, and bytes go both ways on a channel', async () => {
  const sweeper = new Sweeper({ period: 10 })
  const [far, near] = duplexPair()
  const echo = async (channel: Channel) => {
    const signal = deadline()
    for (let chunk = await channel.read(signal); chunk !== undefined; chunk = await channel.read(signal))
      await channel.write(chunk, signal)
  }
  const [session, tunnel] = await Promise.all([
    acceptCira(
      near as Duplex,
      {
        sweeper,
        authenticate: async ({ user, password }) =>
          user === 'admin' && password?.reveal() === 'P@ssw0rd' ? 'accepted' : 'refused',
      },
      deadline(),
    ),
    dialCira(
      far as Duplex,
      {
        sweeper,
        guid: guid('d12428be-9fa1-4226-9784-54b2038beab6'),
        trigger: TriggerReason.periodic,
        user: 'admin',
        password: secret('P@ssw0rd'),
        ports: [16993, 16992, 5900],
        address: '',
        accept: (_port, channel) => {
          void echo(channel)
          return true
        },
      },
      deadline(),
    ),
  ])
  assert.deepEqual(session.ports, [16993, 16992, 5900])
  assert.deepEqual(tunnel.ports, [16993, 16992, 5900])
  const channel = await session.openChannel(16992, deadline())
  await channel.write(utf8('hello'), deadline())
  assert.equal(text((await channel.read(deadline()))!), 'hello')
  channel.close()
  tunnel.close()
  assert.equal((await session.closed).why, 'disconnected')
  assert.equal((await tunnel.closed).why, 'closed')
})
