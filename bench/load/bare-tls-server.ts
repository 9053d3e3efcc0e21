// What Node needs for TLS alone: accepts connections and reads them, nothing else. Key and certificate are files; prints
// its port.
import { readFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:tls'

const [key = '', cert = ''] = process.argv.slice(2)
const server = createServer(
  {
    key: readFileSync(key),
    cert: readFileSync(cert),
    minVersion: 'TLSv1.2',
    ecdhCurve: 'X25519:P-256:P-384',
    sessionTimeout: 1,
  },
  (socket) => {
    socket.on('data', () => {})
    socket.on('error', () => socket.destroy())
  },
)
server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => console.log((server.address() as AddressInfo).port))
