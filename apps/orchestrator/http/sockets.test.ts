import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { after, before, test } from 'node:test'
import { WebSocket } from 'ws'
import { Sockets } from './sockets.ts'

let sockets: Sockets
const server = createServer()
const clients: Socket[] = []
let port: number

before(async () => {
  sockets = new Sockets([{ path: '/echo', onConnection: () => undefined }], 2)
  server.on('upgrade', (request, socket, head) => sockets.upgrade(request, socket, head))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  port = (server.address() as AddressInfo).port
})
after(async () => {
  for (const client of clients) client.destroy()
  await sockets.close(100)
  server.close()
})

/** Asks for an upgrade and never ends its own side. */
const ask = async (path: string): Promise<string> => {
  const client = connect({ host: '127.0.0.1', port, allowHalfOpen: true })
  clients.push(client)
  client.write(
    `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
      'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n',
  )
  let answer = ''
  client.setEncoding('latin1').on('data', (part: string) => {
    answer += part
  })
  await once(client, 'end')
  return answer.slice(0, answer.indexOf('\r\n'))
}

const open = (): Promise<number> =>
  new Promise((resolve, reject) =>
    server.getConnections((error, count) => (error === null ? resolve(count) : reject(error))),
  )

test('who is refused an upgrade and stays all the same keeps no socket of ours', async () => {
  assert.equal(await ask('/nowhere'), 'HTTP/1.1 404 Not Found')
  assert.equal(await open(), 0)
})

test('one address may have only so many sockets, of which it gets those back that end', async () => {
  const url = `ws://127.0.0.1:${port}/echo`
  const first = new WebSocket(url)
  const second = new WebSocket(url)
  await Promise.all([once(first, 'open'), once(second, 'open')])
  assert.equal(await ask('/echo'), 'HTTP/1.1 503 Service Unavailable')
  first.close()
  await once(first, 'close')
  const third = new WebSocket(url)
  await once(third, 'open')
})
