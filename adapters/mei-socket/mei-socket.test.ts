import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, rename, rm, stat, writeFile } from 'node:fs/promises'
import { createConnection, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { type MeiPort, meiClients, meiFaults } from '@outrider/protocols/mei'
import { seconds } from '@outrider/protocols/values'
import { meiPortSuite } from '../../testing/ports/mei-port.ts'
import { openMeiSocket, serveMeiSocket } from './index.ts'

const deadline = () => AbortSignal.timeout(seconds(5))
const forever = new AbortController().signal

meiPortSuite('in memory', async (engine) => ({ port: engine, close: async () => {} }))

meiPortSuite('Unix socket', async (engine) => {
  const folder = await mkdtemp(join(tmpdir(), 'mei-'))
  const path = join(folder, 'mei0')
  const server = await serveMeiSocket(path, engine, forever)
  return {
    port: openMeiSocket(path),
    close: async () => {
      await server[Symbol.asyncDispose]()
      await rm(folder, { recursive: true })
    },
  }
})

const refusing: MeiPort = {
  connect: async (client) => {
    throw meiFaults.MEI_NO_CLIENT({ client })
  },
}

describe('MEI socket', () => {
  let folder: string
  let path: string
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mei-'))
    path = join(folder, 'mei0')
  })
  after(() => rm(folder, { recursive: true }))

  it('is a missing driver where there is no socket file', async () => {
    await assert.rejects(openMeiSocket(path).connect(meiClients.amthi, deadline()), {
      code: 'MEI_NO_DRIVER',
      detail: { device: path },
    })
  })

  it('is an engine in reset where a killed simulator left its file, which the next one replaces', async () => {
    const dead = createServer().listen({ path })
    await once(dead, 'listening')
    // A file that was bound and is no longer listened on: what kill -9 leaves.
    await rename(path, `${path}.kept`)
    dead.close()
    await once(dead, 'close')
    await rename(`${path}.kept`, path)
    await assert.rejects(openMeiSocket(path).connect(meiClients.amthi, deadline()), { code: 'MEI_RESET' })

    await using server = await serveMeiSocket(path, refusing, forever)
    assert.equal((await stat(server.path)).mode & 0o777, 0o600)
    await assert.rejects(openMeiSocket(path).connect(meiClients.amthi, deadline()), { code: 'MEI_NO_CLIENT' })
    await assert.rejects(serveMeiSocket(path, refusing, forever), { code: 'MEI_SOCKET_IN_USE' })
  })

  it('says why a path cannot be served', async () => {
    await assert.rejects(serveMeiSocket(join(folder, 'no', 'such', 'folder'), refusing, forever), {
      code: 'MEI_SOCKET_UNUSABLE',
    })
    await writeFile(join(folder, 'file'), '')
    await assert.rejects(serveMeiSocket(join(folder, 'file', 'mei0'), refusing, forever), {
      code: 'MEI_SOCKET_UNUSABLE',
    })
  })

  it('cuts a peer whose frames make no sense, and serves the next', async () => {
    await using _server = await serveMeiSocket(path, refusing, forever)
    for (const noise of [Uint8Array.of(0xff, 0xff, 0xff, 0xff), Uint8Array.of(0, 0, 0, 3, 1, 2, 3)]) {
      const peer = createConnection({ path })
      const closed = once(peer, 'close')
      peer.resume()
      peer.write(noise)
      await closed
    }
    await assert.rejects(openMeiSocket(path).connect(meiClients.amthi, deadline()), { code: 'MEI_NO_CLIENT' })
  })

  it('stops with its signal', async () => {
    const stop = new AbortController()
    const server = await serveMeiSocket(path, refusing, stop.signal)
    stop.abort()
    await server[Symbol.asyncDispose]()
    await assert.rejects(openMeiSocket(path).connect(meiClients.amthi, deadline()), { code: 'MEI_NO_DRIVER' })
  })
})
