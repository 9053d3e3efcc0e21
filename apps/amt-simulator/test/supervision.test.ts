import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { Child, type ChildWatcher } from '../node/child.ts'
import { readEnvironmentFile } from '../node/environment-file.ts'
import { machinePaths } from '../paths.ts'

const folder = mkdtempSync(join(tmpdir(), 'supervision-'))
after(() => rmSync(folder, { recursive: true }))

const program = (name: string, text: string): string => {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

/** A watcher whose lines can be waited for. */
const watching = () => {
  const lines: string[] = []
  let look: () => void = () => undefined
  const take = (line: string): void => {
    lines.push(line)
    look()
  }
  const watcher: ChildWatcher = { say: take, line: (name, text) => take(`${name} | ${text}`), changed: () => undefined }
  const seen = (pattern: RegExp, times = 1): Promise<void> =>
    new Promise((resolve) => {
      look = () => {
        if (lines.filter((line) => pattern.test(line)).length >= times) resolve()
      }
      look()
    })
  return { lines, watcher, seen }
}

const forEver = 'console.log("up"); setInterval(() => {}, 1000)'

describe('a supervised child', () => {
  test('is started again when it is killed, and its lines carry its name', async () => {
    const { watcher, seen } = watching()
    const child = new Child({ name: 'a', words: [program('a.mjs', forEver)], environment: {} }, watcher)
    child.start()
    await seen(/^a \| up$/)
    const first = child.pid!
    process.kill(first, 'SIGKILL')
    await seen(/was ended by SIGKILL, starts again in 200 ms/)
    await seen(/^a \| up$/, 2)
    assert.notEqual(child.pid, first)
    assert.equal(child.restarts, 1)
    await child.stop()
    assert.equal(child.pid, undefined)
  })

  test('waits longer each time it dies at once, and not at all when its configuration is bad', async () => {
    const { watcher, seen, lines } = watching()
    const words = [program('b.mjs', 'process.exit(Number(process.env.CODE))')]
    const child = new Child({ name: 'b', words, environment: { CODE: '3' }, finalExits: [78] }, watcher)
    child.start()
    await seen(/exited with code 3, starts again in 400 ms/)
    await child.stop()

    const final = new Child({ name: 'c', words, environment: { CODE: '78' }, finalExits: [78] }, watcher)
    final.start()
    await seen(/not started again until its configuration is mended/)
    assert.equal(lines.filter((line) => line.startsWith('c started')).length, 1)
    await final.stop()
  })

  test('that does not stop when told is killed when it must', async () => {
    const { watcher, seen } = watching()
    const stubborn = `process.on('SIGTERM', () => {}); ${forEver}`
    const child = new Child({ name: 'd', words: [program('d.mjs', stubborn)], environment: {} }, watcher)
    child.start()
    await seen(/^d \| up$/)
    await child.stop('SIGKILL')
    assert.equal(child.pid, undefined)
  })
})

test('an environment file is read as an init system reads one', async () => {
  const path = program('env', '# agents\nA=1\nB="two words"\n\nOUTRIDER_CA=LS0tLS1==\n')
  assert.deepEqual({ ...(await readEnvironmentFile(path)) }, { A: '1', B: 'two words', OUTRIDER_CA: 'LS0tLS1==' })
})

test('sockets of a machine in a deep folder have paths a socket can have', () => {
  const deep = machinePaths(join('/var/lib', 'x'.repeat(120)))
  for (const path of [deep.mei, deep.control]) assert.ok(Buffer.byteLength(path) <= 107, path)
  const other = machinePaths(join('/var/lib', 'y'.repeat(120)))
  assert.notEqual(deep.mei, other.mei)
  assert.equal(machinePaths('/tmp/m').mei, '/tmp/m/mei.sock')
})
