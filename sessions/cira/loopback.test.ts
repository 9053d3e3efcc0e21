import assert from 'node:assert/strict'
import { webcrypto } from 'node:crypto'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { createServer as createTlsServer, type Server, type TLSSocket, connect as tlsConnect } from 'node:tls'
import { type Bytes, equalBytes, guid } from '@outrider/protocols/values'
import 'reflect-metadata'
import * as x509 from '@peculiar/x509'
import { acceptCira, type CiraSession, ciraLimits, dialCira, Sweeper } from './index.ts'
import { acceptOptions, deadline, dialOptions, readAll, until } from './test-kit.ts'

const certificate = async (): Promise<{ readonly key: string; readonly cert: string }> => {
  x509.cryptoProvider.set(webcrypto)
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const made = await x509.X509CertificateGenerator.createSelfSigned({
    name: 'CN=localhost',
    notAfter: new Date(Date.now() + 3_600_000),
    signingAlgorithm: algorithm,
    keys,
    extensions: [new x509.SubjectAlternativeNameExtension([{ type: 'dns', value: 'localhost' }])],
  })
  const key = x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey), 'PRIVATE KEY')
  return { key, cert: made.toString('pem') }
}

describe('over TLS on loopback', () => {
  const sweeper = new Sweeper({ period: 20 })
  const sessions: Promise<CiraSession>[] = []
  let server: Server
  let port: number
  let ca: string

  before(async () => {
    const { key, cert } = await certificate()
    ca = cert
    server = createTlsServer({ key, cert, minVersion: 'TLSv1.2' }, (socket) => {
      const session = acceptCira(socket, acceptOptions(sweeper), deadline())
      session.catch(() => {})
      sessions.push(session)
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    port = (server.address() as AddressInfo).port
  })
  after(() => {
    server.close()
  })

  const dial = async (): Promise<TLSSocket> => {
    const socket = tlsConnect({ host: '127.0.0.1', port, servername: 'localhost', ca, maxVersion: 'TLSv1.2' })
    await once(socket, 'secureConnect', { signal: deadline() })
    return socket
  }

  test('a megabyte goes there and back on each of six channels at once', async () => {
    const tunnel = await dialCira(await dial(), dialOptions(sweeper), deadline())
    const session = await sessions.at(-1)!
    const block = Uint8Array.from({ length: 1 << 20 }, (_, at) => (at * 7919) >> 8)
    const carry = async (): Promise<Bytes> => {
      const channel = await session.openChannel(16992, deadline())
      const [back] = await Promise.all([readAll(channel, block.length), channel.write(block, deadline())])
      channel.close()
      return back
    }
    const all = await Promise.all(Array.from({ length: ciraLimits.channels }, carry))
    for (const back of all) assert.ok(equalBytes(back, block))
    tunnel.close()
    assert.equal((await session.closed).why, 'disconnected')
  })

  test('a device whose connection breaks is noticed at once', async () => {
    const socket = await dial()
    await dialCira(socket, dialOptions(sweeper), deadline())
    const session = await sessions.at(-1)!
    const channel = await session.openChannel(16992, deadline())
    const waiting = channel.read(deadline())
    waiting.catch(() => {})
    socket.destroy()
    assert.equal((await session.closed).why, 'lost')
    await assert.rejects(waiting, { code: 'DEVICE_DISCONNECTED' })
  })

  test('all of them are gone in the end', async () => {
    await until(() => sweeper.size === 0)
  })
})

test('two thousand devices come and go and leave nothing behind', async () => {
  const sweeper = new Sweeper({ period: 20 })
  const live = new Map<string, CiraSession>()
  const server = createServer((socket) => {
    const observe = {
      opened: (session: CiraSession) => live.set(session.guid, session),
      ended: (session: CiraSession) => live.delete(session.guid),
    }
    acceptCira(socket, acceptOptions(sweeper, { observe }), deadline()).catch(() => {})
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const handles = () => process.getActiveResourcesInfo().filter((name) => /TCPSocketWrap|Timeout/.test(name)).length
  const idle = handles()
  const comeAndGo = async (count: number): Promise<void> => {
    const socket = connect({ host: '127.0.0.1', port })
    const device = guid(`00000000-0000-4000-8000-${count.toString().padStart(12, '0')}`)
    const tunnel = await dialCira(socket, dialOptions(sweeper, { guid: device, ports: [16992, 5900] }), deadline())
    const closed = once(socket, 'close')
    const session = live.get(device)!
    const channel = count % 10 === 0 ? await session.openChannel(16992, deadline()) : undefined
    // Orderly, by breaking off, and from the other side.
    if (count % 3 === 0) tunnel.close()
    else if (count % 3 === 1) socket.resetAndDestroy()
    else session.close()
    await Promise.all([closed, session.closed, tunnel.closed])
    assert.notEqual(channel?.open, true)
  }
  for (let count = 0; count < 2000; count += 20)
    await Promise.all(Array.from({ length: 20 }, (_, at) => comeAndGo(count + at)))
  await until(() => sweeper.size === 0)
  assert.equal(live.size, 0)
  server.close()
  await once(server, 'close')
  await until(() => handles() <= idle)
})
