import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { AMT_GeneralSettings } from '@outrider/protocols/amt'
import { ManualClock } from '../clock.ts'
import { fileFlash, timingOf } from '../index.ts'
import { activate, deadline, local, machine } from '../test/bench.ts'

describe('flash', () => {
  const folder = mkdtempSync(join(tmpdir(), 'flash-'))
  after(() => rmSync(folder, { recursive: true }))
  const file = (name: string) => join(folder, name)

  test('a device that is started again is the device it was', async () => {
    const identity = { serial: 'F1' }
    const flash = fileFlash(file('again'))
    const first = machine({ identity, flash })
    await using os = await local(first)
    await activate(os)
    const before = structuredClone(first.device.store.now)
    // No farewell: whatever was answered must be in the file already.
    const second = machine({ identity, flash: fileFlash(file('again')) })
    assert.deepEqual(second.device.store.now, before)
    assert.equal(second.identity.uuid, first.identity.uuid)
    await using again = await local(second)
    again.as('admin', 'Adm1n!Passw0rd')
    assert.equal((await again.wsman.get(AMT_GeneralSettings, {}, deadline())).DigestRealm, before.settings.digestRealm)
    await first.stop()
    await second.stop()
  })

  test('holds secrets: only its owner reads it', () => {
    assert.equal(statSync(file('again')).mode & 0o777, 0o600)
  })

  test('a transition that was under way goes on', async () => {
    const clock = new ManualClock()
    const options = { identity: { serial: 'F2' }, clock, timing: 'real' as const }
    const first = machine({ ...options, flash: fileFlash(file('power')) })
    first.device.store.change((draft) => first.device.host.request(draft, 5))
    first.device.host.settle()
    await first.stop()
    clock.advance(timingOf('real').cycleOff)
    assert.equal(first.device.store.now.host.power, 8)
    const second = machine({ ...options, flash: fileFlash(file('power')) })
    assert.equal(second.device.store.now.host.power, 2)
    assert.equal(second.counters.powerCycle, 1)
    await second.stop()
  })

  test('the account of the operating system is another one after a restart', async () => {
    const flash = fileFlash(file('account'))
    const first = machine({ flash })
    const second = machine({ flash })
    assert.notEqual(first.device.volatile.localSystemPassword, second.device.volatile.localSystemPassword)
    await first.stop()
    await second.stop()
  })

  test('a file that is no flash is refused and left alone', () => {
    for (const text of ['{', '{"format":2}', '']) {
      writeFileSync(file('bad'), text)
      assert.throws(() => machine({ flash: fileFlash(file('bad')) }), { code: 'FIRMWARE_FLASH_UNREADABLE' })
      assert.equal(readFileSync(file('bad'), 'utf8'), text)
    }
  })
})
