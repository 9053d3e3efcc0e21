import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect as connectTcp, type Socket } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { connect } from 'node:tls'
import { createLocalBus, createLocalPresence } from '@outrider/bus-local'
import type { Database } from '@outrider/database'
import type { AuditEntry } from '@outrider/domain/ports'
import { TriggerReason } from '@outrider/protocols/apf'
import { Fault, type Guid, guid, Secret, secret } from '@outrider/protocols/values'
import { type DeviceTunnel, dialCira, Sweeper } from '@outrider/sessions/cira'
import {
  callRoute,
  memorySecrets,
  realClock,
  recordEvents,
  selfSigned,
  temporaryDatabase,
  until,
} from '@outrider/testing/harness'
import { deviceRegistrySuite } from '@outrider/testing/ports'
import { Value } from 'typebox/value'
import { createMps, type Mps, mpsConfig } from './index.ts'

const project = guid('11111111-1111-4111-8111-111111111111')
const other = guid('22222222-2222-4222-8222-222222222222')
/** No test waits longer; the clock of a limit of its own would run from when the file is read. */
const signal = new AbortController().signal
const identity = selfSigned()
const device = (number: number): Guid => guid(`d12428be-9fa1-4226-9784-${number.toString(16).padStart(12, '0')}`)

describe('MPS', () => {
  let database: Database
  let mps: Mps
  let port = 0
  const secrets = memorySecrets()
  const events = recordEvents()
  const audit: AuditEntry[] = []
  const sweeper = new Sweeper({ period: 50 })
  const bus = createLocalBus({ onError: (error) => assert.ifError(error) })

  before(async () => {
    database = await temporaryDatabase(realClock)
    mps = createMps({
      config: Value.Default(mpsConfig, { instance: 'one', handshakes: 2, flushSeconds: 0.05 }) as never,
      devices: database.devices,
      secrets,
      presence: createLocalPresence({ bus }),
      clock: realClock,
      events,
      record: async (entry) => void audit.push(entry),
      identity: () => ({ key: identity.key, certificate: identity.cert }),
      rootPem: () => identity.cert,
      version: '0.0.0',
    })
    const [address] = await mps.listen([{ host: '127.0.0.1', port: 0 }], signal)
    port = address!.port
  })

  after(async () => {
    await mps.stop(signal)
    await database.close()
  })

  const register = async (guid: Guid, options: { project?: Guid; mps?: string } = {}): Promise<void> => {
    await mps.registry.register({ project: options.project ?? project, guid, mpsUsername: 'admin' }, signal)
    const path = { kind: 'device', project: options.project ?? project, guid } as const
    await secrets.put(
      path,
      { MPS_PASSWORD: new Secret(options.mps ?? 'Password-1'), AMT_PASSWORD: new Secret('Amt-Password-1') },
      undefined,
      signal,
    )
  }

  const dial = async (systemId: Guid, password = 'Password-1', user = 'admin', at = port): Promise<DeviceTunnel> => {
    const socket = connect({ host: '127.0.0.1', port: at, ca: identity.cert, servername: 'localhost' })
    await once(socket, 'secureConnect')
    return dialCira(
      socket,
      {
        sweeper,
        guid: systemId,
        user,
        password: secret(password),
        trigger: TriggerReason.periodic,
        ports: [16992, 623, 16994, 5900],
        address: '',
        accept: () => false,
      },
      AbortSignal.timeout(10_000),
    )
  }

  test('a registered device is present from its tunnel to its end, and the database learns of it', async () => {
    const id = device(1)
    await register(id)
    assert.equal(await mps.control.presence(project, id, signal), undefined)
    const tunnel = await dial(id)
    const entry = await until(() => mps.control.presence(project, id, signal))
    assert.equal(entry.instance, 'one')
    assert.equal(await mps.control.presence(other, id, signal), undefined)
    await until(async () => (await database.devices.get(project, id, signal))?.connected)
    tunnel.close()
    await until(async () => (await mps.control.presence(project, id, signal)) === undefined)
    await until(async () => (await database.devices.get(project, id, signal))?.connected === false)
  })

  test('an unknown device, a wrong user, a wrong password and a device without a secret are turned away', async () => {
    const [known, bare] = [device(2), device(3)]
    await register(known)
    await mps.registry.register({ project, guid: bare, mpsUsername: 'admin' }, signal)
    await assert.rejects(dial(device(4)))
    await assert.rejects(dial(known, 'Password-2'))
    await assert.rejects(dial(known, 'Password-1', 'root'))
    await assert.rejects(dial(bare, ''))
    await assert.rejects(dial(bare, 'undefined'))
    assert.equal(await mps.control.presence(project, known, signal), undefined)
    const reasons = events.named('cira.rejected').map(({ reason }) => reason)
    assert.ok(reasons.includes('unknown-device') && reasons.includes('credentials'))
  })

  test('a pending password is as good as the promoted one: the device may dial before it is promoted', async () => {
    const id = device(5)
    await register(id, { mps: 'Password-old' })
    await secrets.writePending({ kind: 'device', project, guid: id }, { MPS_PASSWORD: secret('Password-new') }, signal)
    const first = await dial(id, 'Password-new')
    const second = await dial(id, 'Password-old')
    assert.equal((await first.closed).why, 'disconnected')
    assert.ok(await mps.control.presence(project, id, signal))
    second.close()
  })

  test('the newest tunnel of a device wins', async () => {
    const id = device(6)
    await register(id)
    const older = await dial(id)
    const first = await until(() => mps.control.presence(project, id, signal))
    const newer = await dial(id)
    await older.closed
    const entry = await until(() => mps.control.presence(project, id, signal))
    assert.ok(entry.epoch > first.epoch)
    newer.close()
  })

  test('what is asked of a device without a tunnel is DEVICE_NOT_CONNECTED, for its own project and every other', async () => {
    const id = device(7)
    await register(id)
    for (const asker of [project, other])
      await assert.rejects(mps.control.powerState(asker, id, signal), hasCode('DEVICE_NOT_CONNECTED'))
  })

  test('what waits for a device ends at once when its tunnel does', async () => {
    const id = device(8)
    await register(id)
    const tunnel = await dial(id)
    await until(() => mps.control.presence(project, id, signal))
    // The device refuses every channel for the moment, so that the call is waiting to ask again.
    const waiting = mps.control.powerState(project, id, signal)
    waiting.catch(() => undefined)
    tunnel.close()
    await assert.rejects(waiting, (error: Error) => error instanceof Fault && error.kind === 'unavailable')
  })

  test('peers that say nothing, or stop in the middle of a handshake, keep no device from its own', async () => {
    const id = device(9)
    await register(id)
    // Twice as many as there are places.
    const peers: Socket[] = []
    for (const hello of ['', '', '', '', '160301020001', '160301020001', '160301020001', '160301020001']) {
      const socket: Socket = connectTcp({ host: '127.0.0.1', port })
      await once(socket, 'connect')
      socket.write(Buffer.from(hello, 'hex'))
      peers.push(socket)
    }
    const tunnel = await dial(id)
    assert.ok(peers.every((socket) => !socket.closed))
    // The silent ones are left for the end of all tests: they must not keep the service from stopping.
    for (const socket of peers.slice(4)) socket.destroy()
    tunnel.close()
  })

  test('an address that has as many tunnels as it may have early connections still gets more', async () => {
    const narrow = createMps({
      config: Value.Default(mpsConfig, { instance: 'one', connectionsPerAddress: 2 }) as never,
      devices: database.devices,
      secrets,
      presence: createLocalPresence({ bus }),
      clock: realClock,
      events,
      record: async () => undefined,
      identity: () => ({ key: identity.key, certificate: identity.cert }),
      rootPem: () => identity.cert,
      version: '0.0.0',
    })
    const [address] = await narrow.listen([{ host: '127.0.0.1', port: 0 }], signal)
    const peers: Socket[] = []
    try {
      for (let at = 20; at < 24; at++) {
        await register(device(at))
        await dial(device(at), 'Password-1', 'admin', address!.port)
      }
      assert.equal(narrow.tunnels, 4)
      for (let at = 0; at < 3; at++) peers.push(connectTcp({ host: '127.0.0.1', port: address!.port }))
      await until(() => events.named('cira.rejected').some(({ reason }) => reason === 'too-many-of-one-address'))
    } finally {
      await narrow.stop(signal)
      for (const peer of peers) peer.destroy()
    }
  })

  test('registering a device of another project writes nothing', async () => {
    const id = device(10)
    await register(id, { project: other })
    await assert.rejects(
      mps.registry.register({ project, guid: id, mpsUsername: 'mine' }, signal),
      hasCode('DEVICE_OF_ANOTHER_PROJECT'),
    )
    const kept = await database.devices.byGuid(id, signal)
    assert.equal(kept?.project, other)
    assert.equal(kept?.mpsUsername, 'admin')
  })

  test('devices over REST: created, merged, shown to their project alone, deleted with their secrets', async () => {
    const id = device(11)
    const body = {
      guid: id.toUpperCase(),
      hostname: 'one',
      mpsusername: 'admin',
      tags: ['a'],
      mpspassword: 'Password-1',
      password: 'Amt-1',
    }
    assert.equal((await callRoute(mps.routes, 'POST', '/api/v1/devices', { body })).status, 201)
    const merged = await callRoute(mps.routes, 'POST', '/api/v1/devices', { body: { guid: id, friendlyName: 'f' } })
    assert.equal(merged.status, 200)
    const shown = merged.body as Record<string, unknown>
    assert.deepEqual([shown.hostname, shown.friendlyName, shown.tags, shown.tenantId], ['one', 'f', ['a'], project])
    assert.ok(!JSON.stringify(merged.body).includes('Password-1'))
    await assert.rejects(
      callRoute(mps.routes, 'GET', `/api/v1/devices/${id}`, { project: other }),
      hasCode('DEVICE_UNKNOWN'),
    )
    const began = Date.now()
    const tunnel = await dial(id)
    await until(() => mps.control.presence(project, id, signal))
    const show = async () => (await callRoute(mps.routes, 'GET', `/api/v1/devices/${id}`)).body as typeof shown
    const { connectionStatus, lastSeen } = await show()
    assert.equal(connectionStatus, true)
    assert.ok(Date.parse(String(lastSeen)) >= began - 1_000, 'seen while it is connected, not only when it left')
    const deleted = await callRoute(mps.routes, 'DELETE', `/api/v1/devices/${id}`, {
      query: { isSecretToBeDeleted: true },
    })
    assert.equal(deleted.status, 204)
    await tunnel.closed
    assert.deepEqual(await secrets.get({ kind: 'device', project, guid: id }, signal), {})
  })

  deviceRegistrySuite('mps', async () => ({
    registry: mps.registry,
    find: (of, id) => database.devices.get(of, id, signal),
  }))

  test('the secret store is read once per connect', async () => {
    const id = device(12)
    await register(id)
    const before = secrets.reads()
    const tunnel = await dial(id)
    await until(() => mps.control.presence(project, id, signal))
    assert.equal(secrets.reads() - before, 1)
    tunnel.close()
  })
})

const hasCode = (code: string) => (error: unknown) => error instanceof Fault && error.code === code
