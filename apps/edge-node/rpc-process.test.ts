import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { recordEvents } from '@outrider/testing/harness'
import { rpcProcess } from './rpc-process.ts'

/** A program that hangs, whatever it is told. */
const DEAF = "process.on('SIGTERM', () => process.stdout.write('told')); setInterval(() => {}, 1000); console.log('up')"

let folder: string
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'outrider-rpc-process-'))
})
after(() => rm(folder, { recursive: true }))

const runner = (limits: { readonly longestRun?: number; readonly grace?: number }) =>
  rpcProcess({
    program: [process.execPath, '-e', DEAF],
    stateDir: folder,
    ca: undefined,
    events: recordEvents(),
    ...limits,
  })

test('an RPC that hangs is ended by its limit, and killed where it does not end', async () => {
  const rpc = await runner({ longestRun: 300, grace: 50 })
  const { exitCode } = await rpc.run([], {}, new AbortController().signal)
  assert.equal(exitCode, -1)
})

test('an RPC that does not end when its order does is killed', async () => {
  const rpc = await runner({ grace: 50 })
  const { exitCode } = await rpc.run([], {}, AbortSignal.timeout(300))
  assert.equal(exitCode, -1)
})
