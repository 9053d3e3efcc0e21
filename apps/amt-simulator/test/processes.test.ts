import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { after, describe, test } from 'node:test'
import type { FlashState } from '@outrider/firmware'
import { openMeiSocket } from '@outrider/mei-socket'
import { amthi, watchdog } from '@outrider/sessions/local-management'
import { activate, local } from '../../../firmware/test/bench.ts'

const main = resolve(import.meta.dirname, '../main.ts')
const folder = mkdtempSync(join(tmpdir(), 'sim-'))
const children = new Set<ChildProcess>()
after(() => {
  for (const child of children) child.kill('SIGKILL')
  rmSync(folder, { recursive: true })
})

/** Starts the simulator and resolves once it has printed a line like `ready`. */
const start = async (words: readonly string[], ready: RegExp): Promise<ChildProcess> => {
  const child = spawn(process.execPath, [main, ...words], { stdio: ['ignore', 'pipe', 'inherit'] })
  children.add(child)
  for await (const line of createInterface({ input: child.stdout! })) if (ready.test(line)) break
  child.stdout!.resume()
  return child
}

const end = async (child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> => {
  const gone = once(child, 'exit')
  child.kill(signal)
  const [code] = (await gone) as [number | null]
  return code
}

const ask = (socketPath: string, method: string, path: string, body?: object): Promise<unknown> =>
  new Promise((done, failed) => {
    request({ socketPath, method, path, agent: false }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk
      })
      response.on('end', () => done(JSON.parse(text)))
    })
      .on('error', failed)
      .end(body === undefined ? undefined : JSON.stringify(body))
  })

const deadline = () => AbortSignal.timeout(8000)
const engine = (path: string) => amthi(openMeiSocket(path), { pause: async () => undefined })

describe('the simulator as processes', () => {
  test('a firmware that is killed comes back as it was, on the same sockets', async () => {
    const mei = join(folder, 'one.sock')
    const control = join(folder, 'one.control')
    const words = ['firmware', '--serial', 'P1', '--timing', 'zero', '--mei-socket', mei]
    words.push('--flash', join(folder, 'one.json'), '--control', control)
    const first = await start(words, /control API/)
    const uuid = await engine(mei).getUuid(deadline())
    await ask(control, 'POST', '/actions/power-button')
    await end(first, 'SIGKILL')

    const second = await start(words, /control API/)
    assert.equal(await engine(mei).getUuid(deadline()), uuid)
    const state = (await ask(control, 'GET', '/')) as { power: { state: number } }
    assert.equal(state.power.state, 8)
    assert.equal(await end(second, 'SIGTERM'), 0)
  })

  test('AMT that is switched on in BIOS is seen, with nothing started again', async () => {
    const [mei, control] = [join(folder, 'bios.sock'), join(folder, 'bios.control')]
    const words = ['firmware', '--serial', 'P2', '--timing', 'zero', '--mei-socket', mei, '--amt-version', '19']
    const child = await start([...words, '--flash', join(folder, 'bios.json'), '--control', control], /control API/)
    const dog = watchdog(openMeiSocket(mei), { pause: async () => undefined })
    const bios = (enabled: boolean) => ask(control, 'POST', '/actions/bios', { enabled })
    await bios(false)
    assert.equal((await dog.isChangeToAmtEnabled(deadline())).amtEnabled, false)
    await assert.rejects(engine(mei).getControlMode(deadline()), { code: 'AMTHI_REFUSED' })
    await bios(true)
    const seen = await dog.isChangeToAmtEnabled(deadline())
    assert.deepEqual([seen.amtEnabled, seen.tlsEnforcedOnLocalPorts], [true, true])
    assert.equal(await engine(mei).getControlMode(deadline()), 0)
    assert.equal(await end(child, 'SIGTERM'), 0)
  })

  test('a firmware that is killed while it is set up has been set up, or has not', async () => {
    const [mei, flash] = [join(folder, 'kill.sock'), join(folder, 'kill.json')]
    const words = ['firmware', '--serial', 'P3', '--timing', 'zero', '--mei-socket', mei, '--flash', flash]
    const account = { setup: 0, unprovision: 0 }
    // On a busy machine the first rounds may end before anything was done: each has a little longer.
    for (let round = 0; round < 4 || account.setup === 0; round++) {
      const child = await start(words, /firmware 16/)
      const before = JSON.parse(readFileSync(flash, 'utf8')) as FlashState
      assert.equal(before.settings.controlMode, account.setup - account.unprovision)
      const gone = once(child, 'exit')
      const kill = setTimeout(() => child.kill('SIGKILL'), 15 + Math.random() * 60 + round * 25)
      // Back and forth, as often as there is time for.
      await (async () => {
        for (;;) {
          if ((await engine(mei).getControlMode(deadline())) === 0) {
            await using os = await local({ engine: openMeiSocket(mei) })
            await activate(os)
          } else await engine(mei).unprovision(deadline())
        }
      })().catch(() => undefined)
      clearTimeout(kill)
      child.kill('SIGKILL')
      await gone
      const after = JSON.parse(readFileSync(flash, 'utf8')) as FlashState
      const { setup, unprovision } = after.counters
      assert.ok(setup === unprovision || setup === unprovision + 1)
      assert.equal(after.settings.controlMode, setup - unprovision)
      assert.equal(after.settings.adminHa1 === null, setup === unprovision)
      Object.assign(account, { setup, unprovision })
    }
    assert.ok(account.setup > 0)
  })

  test('a fleet lists its machines, and each answers on its own socket', async () => {
    const stateDir = join(folder, 'fleet')
    const control = join(folder, 'fleet.control')
    const fleet = await start(
      ['fleet', '--count', '5', '--first', '3', '--timing', 'zero', '--state-dir', stateDir, '--control', control],
      /5 machines/,
    )
    const listed = JSON.parse(readFileSync(join(stateDir, 'fleet.json'), 'utf8')) as {
      serial: string
      amtUuid: string
      meiSocket: string
    }[]
    assert.deepEqual(
      listed.map(({ serial }) => serial),
      ['FLEET00003', 'FLEET00004', 'FLEET00005', 'FLEET00006', 'FLEET00007'],
    )
    const uuids = await Promise.all(listed.map(({ meiSocket }) => engine(meiSocket).getUuid(deadline())))
    assert.deepEqual(
      uuids,
      listed.map(({ amtUuid }) => amtUuid),
    )
    const one = (await ask(control, 'GET', '/FLEET00005')) as { identity: { serial: string } }
    assert.equal(one.identity.serial, 'FLEET00005')
    assert.equal(await end(fleet, 'SIGTERM'), 0)
  })

  test('words that make no machine are refused', async () => {
    const child = spawn(process.execPath, [main, 'firmware', '--serial', 'X', '--uuid', 'nonsense'], {
      stdio: 'ignore',
    })
    const [code] = (await once(child, 'exit')) as [number]
    assert.equal(code, 1)
  })
})
