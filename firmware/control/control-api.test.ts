import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { serveControl } from '../index.ts'
import { createAuthority } from '../test/authority.ts'
import { activate, configureCira, deadline, host, local, machine } from '../test/bench.ts'

const agent = new Agent({ keepAlive: false })

const ask = (
  where: { socketPath: string } | { port: number },
  method: string,
  path: string,
  body?: unknown,
): Promise<{ readonly status: number; readonly text: string }> =>
  new Promise((resolve, reject) => {
    const sent = request({ ...where, method, path, agent }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => {
        text += chunk
      })
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }))
    })
    sent.on('error', reject)
    sent.end(body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body))
  })

describe('the control API', () => {
  const folder = mkdtempSync(join(tmpdir(), 'control-'))
  after(() => rmSync(folder, { recursive: true }))

  test('shows state and counters, and secrets only where they are asked for', async () => {
    const authority = await createAuthority('control root')
    await using firmware = machine()
    await using server = await serveControl(firmware, { port: 0 })
    const where = { port: server.port }
    {
      await using os = await local(firmware)
      await activate(os)
      await configureCira(os, { root: authority.der, port: 9 })
    }
    const known = JSON.parse((await ask(where, 'GET', '/secrets')).text) as { name: string; value: string }[]
    const names = known.map(({ name }) => name)
    for (const name of ['HA1 of admin, hexadecimal', 'HA1 of admin, base64', 'password for 127.0.0.1:9'])
      assert.ok(names.includes(name), name)
    assert.ok(known.some(({ value }) => value === 'Mps-Passw0rd'))
    for (const path of ['/', '/counters', '/actions']) {
      const { status, text } = await ask(where, 'GET', path)
      assert.equal(status, 200)
      for (const { name, value } of known) assert.ok(!text.includes(value), `${path} shows the ${name}`)
    }
    assert.equal(JSON.parse((await ask(where, 'GET', '/counters')).text).setup, 1)
    const state = JSON.parse((await ask(where, 'GET', '/')).text)
    assert.equal(state.controlMode, 1)
    assert.equal(state.remoteAccess.environment, 'outside')
  })

  test('does what a person could, on a socket that is its owner’s', async () => {
    await using firmware = machine()
    const socketPath = join(folder, 'control.sock')
    await using server = await serveControl(firmware, { path: socketPath })
    assert.equal(server.port, 0)
    assert.equal(statSync(socketPath).mode & 0o777, 0o600)
    const act = (name: string, body?: unknown) => ask({ socketPath }, 'POST', `/actions/${name}`, body)
    const power = () => firmware.device.store.now.host.power

    await act('power-button')
    assert.equal(power(), 8)
    await act('power-button')
    assert.equal(power(), 2)
    await act('shutdown')
    assert.equal(power(), 8)
    assert.equal(
      Object.values(firmware.counters).every((count) => count === 0),
      true,
    )

    await act('bios', { enabled: false })
    await assert.rejects(host(firmware).getControlMode(deadline()), { code: 'AMTHI_REFUSED' })
    await act('bios', { enabled: true })

    await act('disturb', { at: 'mei', what: 'busy', times: 1 })
    await assert.rejects(firmware.engine.connect('12f80028-b4b7-4b2d-aca8-46e0ff65814c' as never, deadline()), {
      code: 'MEI_BUSY',
    })
    await act('network', { dnsSuffix: 'corp.example', linkUp: false })
    assert.equal(firmware.device.store.now.host.dnsSuffix, 'corp.example')
    assert.equal(firmware.device.store.now.host.linkUp, false)

    const refusals = await Promise.all([
      act('no-such-thing'),
      act('disturb', { at: 'moon' }),
      act('lms', '{'),
      act('clock', {}),
      ask({ socketPath }, 'GET', '/nowhere'),
    ])
    assert.deepEqual(
      refusals.map(({ status }) => status),
      [400, 400, 400, 400, 404],
    )
  })

  test('wipe takes a device back from any control mode', async () => {
    await using firmware = machine()
    await using server = await serveControl(new Map([['one', firmware]]), { port: 0 })
    firmware.device.store.change(({ settings }) => {
      settings.provisioningState = 2
      settings.controlMode = 2
    })
    const where = { port: server.port }
    assert.deepEqual(JSON.parse((await ask(where, 'GET', '/')).text), { machines: ['one'] })
    assert.equal((await ask(where, 'POST', '/one/actions/wipe')).status, 200)
    assert.equal(firmware.device.store.now.settings.controlMode, 0)
    assert.equal((await ask(where, 'GET', '/two')).status, 404)
  })
})
