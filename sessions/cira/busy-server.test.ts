import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { test } from 'node:test'
import { apfMessage } from '@outrider/protocols/apf'
import { encode } from '@outrider/protocols/wire'
import { acceptCira, type CiraSession, ciraLimits, dialCira, Sweeper } from './index.ts'
import { acceptOptions, deadline, dialOptions, turn, until } from './test-kit.ts'

test('a server that was busy does not take its own absence for the silence of a device', async () => {
  const sweeper = new Sweeper({ period: 20 })
  const accepted = Promise.withResolvers<CiraSession>()
  const server = createServer((socket) => {
    const limits = { ...ciraLimits, idle: 300 }
    acceptCira(socket, acceptOptions(sweeper, { limits }), deadline()).then(accepted.resolve, accepted.reject)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const socket = connect({ host: '127.0.0.1', port: (server.address() as AddressInfo).port })
  const tunnel = await dialCira(socket, dialOptions(sweeper), deadline())
  const session = await accepted.promise
  await until(() => session.settled)

  // It is with the kernel while nothing of this process runs.
  socket.write(encode(apfMessage, { type: 'keepaliveReply', cookie: 7 }))
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 700)
  for (let turns = 0; turns < 5; turns++) await turn()
  assert.equal(session.end, undefined)

  tunnel.close()
  await session.closed
  await until(() => sweeper.size === 0)
  server.close()
  await once(server, 'close')
})
