import { readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { openMeiSocket } from '@outrider/mei-socket'
import { type MeiPort, meiFaults } from '@outrider/protocols/mei'
import { dialRps, readSystem, runRpc } from '@outrider/rpc'

const simulated = process.env.OUTRIDER_MEI_SOCKET

/** A real machine's engine needs an ioctl, which comes with an adapter of its own. */
const noDevice: MeiPort = {
  connect: async () => {
    throw meiFaults.MEI_NO_DRIVER({ device: '/dev/mei0' })
  },
}

const interrupted = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => interrupted.abort(new Error(`got ${signal}`)))

// The agent that reads the output may be killed in the middle; the engine is not left half set up for that.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined)

process.exitCode = await runRpc(process.argv.slice(2), {
  env: process.env,
  mei: simulated === undefined || simulated === '' ? noDevice : openMeiSocket(simulated),
  // A simulated engine has no LMS: the one that may run here serves the real engine of this machine.
  lmsAddress: simulated === undefined || simulated === '' ? '127.0.0.1' : undefined,
  dialRps,
  system: readSystem,
  readFile: (path) => readFile(path, 'utf8'),
  build: {
    version: '0.1.0',
    commit: 'unknown',
    date: 'unknown',
    runtime: `node ${process.version}`,
    platform: `${process.platform}/${process.arch === 'x64' ? 'amd64' : process.arch}`,
  },
  stdout: (text) => process.stdout.write(text),
  stderr: (text) => process.stderr.write(text),
  now: () => new Date(),
  pause: (span, signal) => sleep(span, undefined, { signal }),
  signal: interrupted.signal,
})
