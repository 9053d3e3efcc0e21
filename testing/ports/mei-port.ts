import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type MeiConnection, type MeiPort, meiClients, meiFaults } from '@outrider/protocols/mei'
import { type Bytes, type Guid, seconds } from '@outrider/protocols/values'

/** What the suite's engine does for each client; a provider under test serves `engine` its own way. */
export interface OpenMeiPort {
  readonly port: MeiPort
  close(): Promise<void>
}

const deadline = () => AbortSignal.timeout(seconds(5))

/** The behaviour every `MeiPort` has. `open` puts the provider in front of `engine`. */
export const meiPortSuite = (provider: string, open: (engine: MeiPort) => Promise<OpenMeiPort>): void => {
  describe(`MeiPort: ${provider}`, () => {
    let engine: EchoEngine
    let opened: OpenMeiPort
    before(async () => {
      engine = new EchoEngine()
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
class EchoEngine implements MeiPort {
  readonly #open = new Set<EchoConnection>()
  #closing: (() => void)[] = []

  async connect(client: Guid): Promise<MeiConnection> {
    switch (client) {
      case meiClients.lme:
        throw meiFaults.MEI_BUSY({ client: 'lme' })
      case meiClients.hotham:
        throw meiFaults.MEI_RESET()
      case meiClients.mkhi:
        throw meiFaults.MEI_NO_PERMISSION({ device: 'the echo engine' })
      case meiClients.amthi: {
        const connection = new EchoConnection(() => {
          this.#open.delete(connection)
          for (const resolve of this.#closing.splice(0)) resolve()
        })
        this.#open.add(connection)
        return connection
      }
      default:
        throw meiFaults.MEI_NO_CLIENT({ client })
    }
  }

  reset(): void {
    for (const connection of this.#open) connection.reset()
  }

  nextClose(): Promise<void> {
    return new Promise((resolve) => this.#closing.push(resolve))
  }
}

class EchoConnection implements MeiConnection {
  readonly maxMessageBytes = 5120
  readonly protocolVersion = 1
  readonly #queue: Bytes[] = []
  readonly #onClose: () => void
  #wake = Promise.withResolvers<void>()
  #gone = false

  constructor(onClose: () => void) {
    this.#onClose = onClose
  }

  async write(message: Bytes): Promise<void> {
    if (this.#gone) throw meiFaults.MEI_RESET()
    this.#queue.push(message.slice())
    this.#wake.resolve()
  }

  async read(signal: AbortSignal): Promise<Bytes> {
    for (;;) {
      signal.throwIfAborted()
      const next = this.#queue.shift()
      if (next !== undefined) return next
      if (this.#gone) throw meiFaults.MEI_RESET()
      this.#wake = Promise.withResolvers()
      const wake = this.#wake.resolve
      signal.addEventListener('abort', () => wake(), { once: true })
      await this.#wake.promise
    }
  }

  reset(): void {
    this.#gone = true
    this.#wake.resolve()
  }

  async close(): Promise<void> {
    this.reset()
    this.#onClose()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}
