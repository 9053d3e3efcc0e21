import type { SecureServer } from '../tls/secure-server.ts'
import type { WebServer } from './web-server.ts'

/** What answers behind the ports of a device, with TLS and without. */
export interface Servers {
  readonly web: WebServer
  readonly secured: SecureServer
}
