import { once } from 'node:events'
import { createSecureContext, TLSSocket } from 'node:tls'
import type { ByteStream } from '@outrider/protocols/wire'
import { duplexStream } from '@outrider/sessions/streams'
import type { Device } from '../device.ts'
import type { WebServer } from '../http/web-server.ts'
import { isPinned } from '../provisioning/secure-setup.ts'
import { peerChain } from './peer-chain.ts'
import { StreamDuplex } from './stream-duplex.ts'

/** The ports behind TLS: the web server's, with the device's certificate in front (amt-firmware.md 4.6). */
export class SecureServer {
  readonly #device: Device
  readonly #web: WebServer

  constructor(device: Device, web: WebServer) {
    this.#device = device
    this.#web = web
  }

  /** Serves one connection until it ends, or `signal` is aborted; closes the stream. Never rejects. */
  async serve(stream: ByteStream, way: 'local' | 'tunnel', signal: AbortSignal): Promise<void> {
    const { quirks, timing, clock, tls } = this.#device
    const idle = new AbortController()
    const cancel = clock.schedule(timing.httpIdle, () => idle.abort())
    const carrier = new StreamDuplex(stream)
    try {
      const { certificates, key } = await tls.current()
      const socket = new TLSSocket(carrier, {
        isServer: true,
        secureContext: createSecureContext({
          cert: certificates,
          key: key.export({ format: 'pem', type: 'pkcs8' }),
          minVersion: quirks.tls.minVersion,
          maxVersion: quirks.tls.maxVersion,
          ecdhCurve: quirks.tls.curves,
          ...(quirks.tls.ciphers === undefined ? {} : { ciphers: quirks.tls.ciphers }),
        }),
        // Asked for where a provisioning certificate was announced; judged below, by the device's own rules.
        requestCert: this.#device.store.now.settings.pinned !== null,
        rejectUnauthorized: false,
      })
      // TLSSocket does not pass on the end of what carries it.
      carrier.once('close', () => socket.destroy())
      socket.on('error', () => undefined)
      await once(socket, 'secure', { signal: AbortSignal.any([signal, idle.signal]) })
      const pinned = isPinned(this.#device, peerChain(socket))
      await this.#web.serve(duplexStream(socket), way, signal, pinned)
    } catch {
      // No handshake: nobody is there to be told.
      carrier.destroy()
    } finally {
      cancel()
    }
  }
}
