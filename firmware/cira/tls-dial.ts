import { once } from 'node:events'
import type { Duplex } from 'node:stream'
import { connect, type TLSSocket } from 'node:tls'
import { peerChain } from '../tls/peer-chain.ts'
import type { TlsProfile } from '../versions/quirks.ts'
import { type CertificateVerdict, type Expectation, judgeServer } from './server-certificate.ts'

export type TlsOutcome =
  | { readonly is: 'secure'; readonly socket: TLSSocket }
  | { readonly is: 'distrusted'; readonly verdict: Exclude<CertificateVerdict, 'trusted'> }

/**
 * TLS of the device over a connection that is up, with its own judgement of the server instead of the platform's.
 * Takes the connection over; a server that is not trusted is told nothing more. Rejects where the handshake fails
 * or `signal` is aborted.
 */
export const secure = async (
  stream: Duplex,
  profile: TlsProfile,
  expected: Expectation,
  signal: AbortSignal,
): Promise<TlsOutcome> => {
  const socket = connect({
    socket: stream,
    // The device's own root store and clock decide, below. AMT sends no server name.
    rejectUnauthorized: false,
    minVersion: profile.minVersion,
    maxVersion: profile.maxVersion,
    ecdhCurve: profile.curves,
    ...(profile.ciphers === undefined ? {} : { ciphers: profile.ciphers }),
  })
  // What happens to the connection below reaches the one above; an end of the attempt ends both.
  stream.on('error', () => undefined)
  const abandon = (): void => {
    socket.destroy()
    stream.destroy()
  }
  try {
    await once(socket, 'secureConnect', { signal })
  } catch (error) {
    socket.on('error', () => undefined)
    abandon()
    throw error
  }
  const verdict = judgeServer(peerChain(socket), expected)
  if (verdict === 'trusted') return { is: 'secure', socket }
  socket.on('error', () => undefined)
  abandon()
  return { is: 'distrusted', verdict }
}
