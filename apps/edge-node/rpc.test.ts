import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { serveMeiSocket } from '@outrider/mei-socket'
import { createFirmware } from '../../firmware/index.ts'

/** RPC as the process it is on a node, with an environment of its own. */
const rpc = (words: readonly string[], env: Record<string, string>) =>
  new Promise<{ exit: number; stdout: string; stderr: string }>((resolve) => {
    execFile(
      process.execPath,
      [join(import.meta.dirname, 'rpc.ts'), ...words],
      { env, timeout: 20_000 },
      (error, stdout, stderr) => resolve({ exit: typeof error?.code === 'number' ? error.code : 0, stdout, stderr }),
    )
  })

describe('the program rpc', () => {
  let folder: string
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'rpc-'))
  })
  after(() => rm(folder, { recursive: true }))

  it('finds the simulated engine its environment names, and exits by itself', async () => {
    await using firmware = createFirmware({ identity: { serial: 'P1' }, timing: 'zero' })
    await using socket = await serveMeiSocket(join(folder, 'mei0'), firmware.engine, AbortSignal.timeout(30_000))
    const { exit, stdout, stderr } = await rpc(['amtinfo', '--json'], { OUTRIDER_MEI_SOCKET: socket.path })
    assert.equal(exit, 0, stderr)
    const document = JSON.parse(stdout)
    assert.equal(document.uuid, firmware.identity.uuid)
    assert.equal(document.detection.reason, 'AMT_READY')
  })

  it('says that there is no driver where there is neither', async () => {
    const real = await rpc(['amtinfo'], {})
    assert.equal(real.exit, 2)
    assert.match(real.stderr, /HECIDriverNotDetected.*\/dev\/mei0 does not exist/)
    const gone = await rpc(['amtinfo', '--json'], { OUTRIDER_MEI_SOCKET: join(folder, 'none') })
    assert.equal(gone.exit, 2)
    assert.equal(JSON.parse(gone.stdout).detection.reason, 'MEI_NO_DRIVER')
  })
})
