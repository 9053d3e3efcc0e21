import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { collectable, residentAfterCollection, usageOf } from '../process-usage.ts'

const folder = new URL('.', import.meta.url).pathname

const start = (words: readonly string[]): { readonly child: ChildProcess; line(): Promise<string> } => {
  const child = spawn(process.execPath, ['--max-semi-space-size=2', collectable, ...words], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]()
  return {
    child,
    async line() {
      const { value, done } = await lines.next()
      if (done === true) throw new Error(`${words[0]} ended`)
      return value
    },
  }
}

/**
 * Opens so many connections to a program that does nothing but TLS, step by step, and returns what that program had
 * used after each step: what tunnels are compared with.
 */
export const bareTls = async (
  steps: readonly number[],
): Promise<readonly { readonly handshakeCpuSeconds: number; readonly residentBytes: number }[]> => {
  const certificates = await mkdtemp(join(tmpdir(), 'outrider-bench-'))
  const [key, cert] = [join(certificates, 'key.pem'), join(certificates, 'cert.pem')]
  execFileSync(
    'openssl',
    [
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-days',
      '2',
      '-subj',
      '/CN=localhost',
      '-keyout',
      key,
      '-out',
      cert,
    ],
    { stdio: 'ignore' },
  )
  const server = start([`${folder}bare-tls-server.ts`, key, cert])
  const client = start([`${folder}bare-tls-client.ts`, await server.line(), '50'])
  try {
    const used = []
    for (const count of steps) {
      const before = usageOf(server.child.pid!)
      client.child.stdin!.write(`${count}\n`)
      await client.line()
      const handshakeCpuSeconds = usageOf(server.child.pid!).cpuSeconds - before.cpuSeconds
      used.push({ residentBytes: await residentAfterCollection(server.child.pid!), handshakeCpuSeconds })
    }
    return used
  } finally {
    for (const { child } of [client, server]) {
      child.kill()
      await once(child, 'exit')
    }
    await rm(certificates, { recursive: true })
  }
}
