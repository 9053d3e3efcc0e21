import { X509Certificate } from 'node:crypto'
import type { PeerCertificate, TLSSocket } from 'node:tls'

/** The certificates a peer showed, leaf first; none where it showed none. */
export const peerChain = (socket: TLSSocket): readonly X509Certificate[] => {
  const chain: X509Certificate[] = []
  // The detailed form links each certificate to its issuer; a self-signed one to itself.
  let shown: PeerCertificate | undefined = socket.getPeerCertificate(true)
  const seen = new Set<string>()
  while (shown?.raw !== undefined && !seen.has(shown.fingerprint256)) {
    seen.add(shown.fingerprint256)
    chain.push(new X509Certificate(shown.raw))
    shown = 'issuerCertificate' in shown ? (shown.issuerCertificate as PeerCertificate) : undefined
  }
  return chain
}
