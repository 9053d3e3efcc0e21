import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type MeiPort, meiClients, meiFaults } from '@outrider/protocols/mei'
import { seconds } from '@outrider/protocols/values'
import { type EngineEnd, MemoryMei } from '../mei/memory-mei.ts'

/** What the suite's engine does for each client; a provider under test serves `engine` its own way. */
export interface OpenMeiPort {
  readonly port: MeiPort
  close(): Promise<void>
}

const deadline = () => AbortSignal.timeout(seconds(5))

/** The behaviour every `MeiPort` has. `open` puts the provider in front of `engine`. */
export const meiPortSuite = (provider: string, open: (engine: MeiPort) => Promise<OpenMeiPort>): void => {
  describe(`MeiPort: ${provider}`, () => {
    let engine: MemoryMei
    let opened: OpenMeiPort
    before(async () => {
      engine = echoEngine()
      opened = await open(engine)
    })
    after(() => opened.close())

    it('carries whole messages both ways, in order', async () => {
      await using connection = await opened.port.connect(meiClients.amthi, deadline())
      assert.equal(connection.maxMessageBytes, 5120)
      assert.equal(connection.protocolVersion, 1)
      const sent = [0, 1, 12, 5120].map((length) => new Uint8Array(length).fill(length & 0xff))
      for (const message of sent) await connection.write(message, deadline())
      for (const message of sent) assert.deepEqual([...(await connection.read(deadline()))], [...message])
    })

    it('keeps connections apart', async () => {
      await using one = await opened.port.connect(meiClients.amthi, deadline())
      await using other = await opened.port.connect(meiClients.amthi, deadline())
      await one.write(Uint8Array.of(1), deadline())
      await other.write(Uint8Array.of(2), deadline())
      assert.deepEqual([...(await other.read(deadline()))], [2])
      assert.deepEqual([...(await one.read(deadline()))], [1])
    })

    it('refuses a message longer than the engine takes', async () => {
      await using connection = await opened.port.connect(meiClients.amthi, deadline())
      await assert.rejects(connection.write(new Uint8Array(5121), deadline()), RangeError)
    })

    for (const [client, code] of [
      [meiClients.upid, 'MEI_NO_CLIENT'],
      [meiClients.lme, 'MEI_BUSY'],
      [meiClients.hotham, 'MEI_RESET'],
      [meiClients.mkhi, 'MEI_NO_PERMISSION'],
    ] as const)
      it(`tells ${code} as such`, async () => {
        await assert.rejects(opened.port.connect(client, deadline()), { code })
      })

    it('lets go of a read when its signal aborts, and loses no message by it', async () => {
      await using connection = await opened.port.connect(meiClients.amthi, deadline())
      const stop = new AbortController()
      const read = connection.read(stop.signal)
      stop.abort(new Error('enough'))
      await assert.rejects(read, /enough/)
      await connection.write(Uint8Array.of(7), deadline())
      assert.deepEqual([...(await connection.read(deadline()))], [7])
    })

    it('refuses to begin with an aborted signal', async () => {
      await assert.rejects(opened.port.connect(meiClients.amthi, AbortSignal.abort(new Error('too late'))), /too late/)
    })

    it('ends a waiting read with MEI_RESET when the engine goes away', async () => {
      await using connection = await opened.port.connect(meiClients.amthi, deadline())
      await connection.write(Uint8Array.of(1), deadline())
      await connection.read(deadline())
      const read = connection.read(deadline())
      engine.reset()
      await assert.rejects(read, { code: 'MEI_RESET' })
      await assert.rejects(
        async () => {
          for (;;) await connection.write(Uint8Array.of(1), deadline())
        },
        { code: 'MEI_RESET' },
      )
    })

    it('gives the engine its connection back on close', async () => {
      const connection = await opened.port.connect(meiClients.amthi, deadline())
      const ended = engine.nextClose()
      await connection.close()
      await connection.close()
      await ended
    })
  })
}

/** Answers on AMTHI with what it was sent; every other client refuses in its own way. */
const echoEngine = (): MemoryMei =>
  new MemoryMei({
    serve: (engine) => {
      switch (engine.client) {
        case meiClients.lme:
          throw meiFaults.MEI_BUSY({ client: 'lme' })
        case meiClients.hotham:
          throw meiFaults.MEI_RESET()
        case meiClients.mkhi:
          throw meiFaults.MEI_NO_PERMISSION({ device: 'the echo engine' })
        case meiClients.amthi:
          return echo(engine)
        default:
          throw meiFaults.MEI_NO_CLIENT({ client: engine.client })
      }
    },
  })

const echo = async (engine: EngineEnd): Promise<void> => {
  for (;;) engine.write(await engine.read())
}
