import type { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { type ConnectionOptions, connect } from 'node:tls'
import { secret } from '@outrider/protocols/values'
import { openLocalManagement } from '@outrider/sessions/local-management'
import { duplexStream } from '@outrider/sessions/streams'
import { createWsmanSession } from '@outrider/sessions/wsman'
import type { Firmware } from '../index.ts'
import { peerChain } from '../tls/peer-chain.ts'
import { StreamDuplex } from '../tls/stream-duplex.ts'
import { deadline, host, type Local } from './bench.ts'

export interface SecureLocal extends Local {
  /** What the device showed at the last connection, leaf first. */
  readonly shown: readonly X509Certificate[]
  readonly protocol: string
}

const noPause = async (): Promise<void> => undefined

/** WS-MAN over TLS over LME, as the operating system's account; `tls` may hold a client certificate. */
export const secureLocal = async (firmware: Firmware, tls: ConnectionOptions = {}): Promise<SecureLocal> => {
  const account = await host(firmware).getLocalSystemAccount(deadline())
  const way = await openLocalManagement({ mei: firmware.engine, pause: noPause, port: 16993 }, deadline())
  let shown: readonly X509Certificate[] = []
  let protocol = ''
  const wsman = createWsmanSession({
    way: {
      openStream: async (signal) => {
        const carrier = new StreamDuplex(await way.openLocal(16993, signal))
        const socket = connect({ socket: carrier, rejectUnauthorized: false, ...tls })
        carrier.once('close', () => socket.destroy())
        await once(socket, 'secureConnect', { signal })
        shown = peerChain(socket)
        protocol = socket.getProtocol() ?? ''
        return duplexStream(socket)
      },
    },
    host: 'localhost',
    credentials: { username: account.user, password: account.password },
    deadlineMs: 5000,
  })
  return {
    wsman,
    get shown() {
      return shown
    },
    get protocol() {
      return protocol
    },
    as: (username, password) => wsman.useCredentials({ username, password: secret(password) }),
    [Symbol.asyncDispose]: async () => {
      wsman.close()
      await way[Symbol.asyncDispose]()
    },
  }
}
