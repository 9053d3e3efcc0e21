// Opens TLS 1.2 connections to `127.0.0.1:PORT`, so many at a time, and keeps them. For each number read from its
// input it opens as many more and says so.
import { createInterface } from 'node:readline'
import { connect, createSecureContext, type TLSSocket } from 'node:tls'

const [port = '0', inflight = '50'] = process.argv.slice(2)
const secureContext = createSecureContext({ minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' })
const open: TLSSocket[] = []

const dial = (): Promise<void> =>
  new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port: Number(port), secureContext, rejectUnauthorized: false })
    socket.once('error', reject)
    socket.once('secureConnect', () => {
      socket.write('x')
      open.push(socket)
      resolve()
    })
  })

for await (const line of createInterface({ input: process.stdin })) {
  let left = Number(line)
  await Promise.all(
    Array.from({ length: Number(inflight) }, async () => {
      while (left-- > 0) await dial()
    }),
  )
  console.log(open.length)
}
process.exit(0)
