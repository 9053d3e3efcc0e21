import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { createLocalBus } from '@outrider/bus-local'
import type { Database } from '@outrider/database'
import type { DeviceRegistration } from '@outrider/domain/ports'
import { createFirmware, type Firmware, zeroTiming } from '@outrider/firmware'
import { decodeServerMessage, type ServerMessage } from '@outrider/protocols/rps'
import { Fault, type Guid, guid, minutes, secret, utf8 } from '@outrider/protocols/values'
import { RequestForms } from '@outrider/protocols/wsman'
import {
  callRoute,
  memorySecrets,
  realClock,
  realRandom,
  recordEvents,
  selfSigned,
  temporaryDatabase,
  until,
} from '@outrider/testing/harness'
import { Value } from 'typebox/value'
import { createRps, rpsConfig } from './index.ts'
import { KeptCertificates } from './provisioning-certificates/index.ts'
import { RelayingClient } from './test/relaying-client.ts'
import { createTickets } from './tickets.ts'
import { ProvisioningSession, type SessionDeps } from './websocket/session.ts'

const project = guid('11111111-1111-4111-8111-111111111111')
const other = guid('22222222-2222-4222-8222-222222222222')
/** No test waits longer; the clock of a limit of its own would run from when the file is read. */
const signal = new AbortController().signal
const mpsRoot = Buffer.from(selfSigned().cert.replace(/-----[A-Z ]+-----|\s/g, ''), 'base64')

describe('RPS', () => {
  let database: Database
  const secrets = memorySecrets()
  const events = recordEvents()
  const registered: DeviceRegistration[] = []
  const forgotten: Guid[] = []
  const owners = new Map<Guid, string>()
  let deps: SessionDeps
  const machines: Firmware[] = []
  let serial = 0

  const machine = (): Firmware => {
    const firmware = createFirmware({
      identity: { serial: `RPS${++serial}` },
      timing: 'zero',
      timingOverrides: zeroTiming,
    })
    machines.push(firmware)
    return firmware
  }

  before(async () => {
    database = await temporaryDatabase(realClock)
    deps = {
      config: Value.Default(rpsConfig, { ciraAddress: 'localhost' }) as SessionDeps['config'],
      store: database.provisioning,
      secrets,
      registry: {
        register: async (device) => void registered.push(device),
        forget: async (_project, id) => void forgotten.push(id),
        credentialsChanged: async () => {},
      },
      bus: createLocalBus({ onError: (error) => assert.ifError(error) }),
      clock: realClock,
      random: realRandom,
      events,
      openProject: async () => project,
      hostOf: async (_project, id) => owners.get(id),
      mpsRoot: () => mpsRoot,
      version: '0.0.0',
      certificates: new KeptCertificates(secrets),
      forms: new RequestForms(),
    }
  })

  after(async () => {
    for (const firmware of machines) await firmware.stop()
    await database.close()
  })

  const issue = (fields: { purpose?: 'activate' | 'deactivate'; amtGuid?: Guid; expiresIn?: number } = {}) =>
    createTickets(deps).issueTicket(
      {
        project,
        hostId: 'host-00000001',
        operationId: 'op-1',
        purpose: fields.purpose ?? 'activate',
        controlMode: 'client',
        expiresAt: Date.now() + (fields.expiresIn ?? minutes(5)),
        ...(fields.amtGuid === undefined ? {} : { amtGuid: fields.amtGuid }),
      },
      signal,
    )

  test('an alias is no number, option or path, and is stored only as its hash', async () => {
    const { ticket, alias } = await issue()
    assert.match(alias, /^[a-z][a-z2-9]{31}$/)
    const stored = await createTickets(deps).ticket(project, ticket.id, signal)
    assert.ok(!JSON.stringify(stored).includes(alias))
    assert.equal(await createTickets(deps).ticket(other, ticket.id, signal), undefined)
  })

  test('a ticket admits one activation, after which its password opens the device', async () => {
    const client = new RelayingClient(machine())
    const { ticket, alias } = await issue({ amtGuid: client.firmware.identity.uuid })
    await client.run(deps, { verb: 'activate', profile: alias, force: false })
    assert.equal(client.outcome?.type, 'success', JSON.stringify(client.outcome))
    assert.equal(client.firmware.counters.setup, 1)
    const ended = await createTickets(deps).ticket(project, ticket.id, signal)
    assert.deepEqual([ended?.state, ended?.reachedMode, ended?.cira], ['succeeded', 'client', true])
    const device = registered.find(({ guid: id }) => id === client.firmware.identity.uuid)
    assert.equal(device?.mpsUsername, 'admin')
    const { promoted, pending } = await secrets.get(
      { kind: 'device', project, guid: client.firmware.identity.uuid },
      signal,
    )
    assert.ok(promoted?.values.AMT_PASSWORD && promoted.values.MPS_PASSWORD)
    assert.equal(pending, undefined)

    const again = new RelayingClient(client.firmware)
    await again.run(deps, { verb: 'activate', profile: alias, force: false })
    assert.equal(again.outcome?.type, 'error')
    assert.equal(client.firmware.counters.setup, 1)
  })

  test('no ticket, an expired, revoked or made-up one, and a plain profile name admit nothing', async () => {
    const firmware = machine()
    const expired = await issue({ expiresIn: -1 })
    const revoked = await issue()
    await createTickets(deps).revokeTicket(project, revoked.ticket.id, signal)
    for (const profile of [expired.alias, revoked.alias, 'abcdefghijkmnpqrstuvwxyz23456789', `${project}_ccm`]) {
      const client = new RelayingClient(firmware)
      await client.run(deps, { verb: 'activate', profile, force: true })
      assert.equal(client.outcome?.type, 'error')
      assert.ok(JSON.stringify(client.outcome).includes('TICKET_REFUSED'))
    }
    assert.equal(firmware.counters.setup, 0)
  })

  test('a ticket is good for its own device and its own purpose only, and is spent by the attempt', async () => {
    const client = new RelayingClient(machine())
    const foreign = await issue({ amtGuid: guid('d12428be-9fa1-4226-9784-54b2038beab6') })
    await client.run(deps, { verb: 'activate', profile: foreign.alias, force: false })
    assert.ok(JSON.stringify(client.outcome).includes('TICKET_OTHER_MACHINE'))
    assert.equal((await createTickets(deps).ticket(project, foreign.ticket.id, signal))?.state, 'failed')
    const wrong = new RelayingClient(client.firmware)
    const { alias } = await issue({ purpose: 'deactivate' })
    await wrong.run(deps, { verb: 'activate', profile: alias, force: false })
    assert.ok(JSON.stringify(wrong.outcome).includes('TICKET_OTHER_PURPOSE'))
    assert.equal(client.firmware.counters.setup, 0)
  })

  test('a device that is forgotten leaves the password of its own menu behind, and nothing else', async () => {
    const id = guid('d12428be-9fa1-4226-9784-54b2038beab7')
    const path = { kind: 'device', project, guid: id } as const
    const values = { AMT_PASSWORD: secret('Amt-Password-1'), MPS_PASSWORD: secret('Mps-Password-1') }
    await secrets.put(path, { ...values, MEBX_PASSWORD: secret('Mebx-Password-1') }, undefined, signal)
    for (let times = 0; times < 2; times++) await createTickets(deps).forgetDevice(project, id, signal)
    const { promoted, pending } = await secrets.get(path, signal)
    assert.deepEqual(Object.keys(promoted?.values ?? {}), ['MEBX_PASSWORD'])
    assert.equal(promoted?.values.MEBX_PASSWORD?.reveal(), 'Mebx-Password-1')
    assert.equal(pending, undefined)
    await secrets.put(path, values, undefined, signal)
    await createTickets(deps).forgetDevice(project, id, signal)
    assert.deepEqual(await secrets.get(path, signal), {})
  })

  test('a node that claims the device of another host gets and changes nothing of it', async () => {
    const client = new RelayingClient(machine())
    const victim = client.firmware.identity.uuid
    owners.set(victim, 'host-00000002')
    const path = { kind: 'device', project, guid: victim } as const
    const values = { AMT_PASSWORD: secret('Amt-Password-1'), MPS_PASSWORD: secret('Mps-Password-1') }
    await secrets.put(path, values, undefined, signal)
    const before = await secrets.get(path, signal)
    const { alias } = await issue()
    await client.run(deps, { verb: 'activate', profile: alias, force: false })
    assert.ok(JSON.stringify(client.outcome).includes('TICKET_OTHER_MACHINE'))
    const back = new RelayingClient(client.firmware)
    const word = secret((await issue({ purpose: 'deactivate' })).alias)
    await back.run(deps, { verb: 'deactivate', password: word, force: false }, { username: 'admin', password: word })
    assert.ok(JSON.stringify(back.outcome).includes('TICKET_OTHER_MACHINE'))
    assert.deepEqual(await secrets.get(path, signal), before)
    assert.ok(!forgotten.includes(victim) && !registered.some(({ guid: id }) => id === victim))
    assert.equal(client.firmware.counters.setup, 0)
    owners.set(victim, 'host-00000001')
    const mine = new RelayingClient(client.firmware)
    await mine.run(deps, { verb: 'activate', profile: (await issue()).alias, force: false })
    assert.equal(mine.outcome?.type, 'success', JSON.stringify(mine.outcome))
  })

  test('deactivation by ticket uses the stored password, which the node never sees', async () => {
    const client = new RelayingClient(machine())
    const activation = await issue()
    await client.run(deps, { verb: 'activate', profile: activation.alias, force: false })
    assert.equal(client.outcome?.type, 'success', JSON.stringify(client.outcome))
    const back = new RelayingClient(client.firmware)
    const { ticket, alias } = await issue({ purpose: 'deactivate' })
    const word = secret(alias)
    await back.run(deps, { verb: 'deactivate', password: word, force: false }, { username: 'admin', password: word })
    assert.equal(back.outcome?.type, 'success', JSON.stringify(back.outcome))
    assert.equal(client.firmware.counters.unprovision, 1)
    assert.equal((await createTickets(deps).ticket(project, ticket.id, signal))?.reachedMode, 'none')
    assert.ok(forgotten.includes(client.firmware.identity.uuid))
    const stored = await secrets.get({ kind: 'device', project, guid: client.firmware.identity.uuid }, signal)
    assert.ok(stored.promoted, 'credentials are kept until somebody has verified the deactivation')
  })

  test('a lost answer to Setup is looked after, never sent again', async () => {
    const client = new RelayingClient(machine())
    let lost = false
    client.pass = (request) => {
      if (!request.includes('/IPS_HostBasedSetupService/Setup<') || lost) return true
      // The device gets it; its answer is lost on the way.
      lost = true
      void client.relay(utf8(request))
      return false
    }
    const quick = { ...deps, config: { ...deps.config, answerSeconds: 0.3 } }
    const { alias } = await issue()
    await client.run(quick, { verb: 'activate', profile: alias, force: false })
    assert.equal(client.outcome?.type, 'success', JSON.stringify(client.outcome))
    assert.ok(lost)
    assert.equal(client.firmware.counters.setup, 1)
  })

  test('a client that goes ends its session, and the ticket says so', async () => {
    const client = new RelayingClient(machine())
    const { ticket, alias } = await issue()
    client.pass = () => false
    const ended = client.run(
      { ...deps, config: { ...deps.config, sessionSeconds: 0.3 } },
      { verb: 'activate', profile: alias, force: false },
    )
    await ended
    await until(async () => (await createTickets(deps).ticket(project, ticket.id, signal))?.state === 'failed')
    assert.ok(client.closed)
  })

  test('a client that goes once all was done does not make it undone', async () => {
    for (const purpose of ['activate', 'deactivate'] as const) {
      const client = new RelayingClient(machine())
      if (purpose === 'deactivate')
        await client.run(deps, { verb: 'activate', profile: (await issue()).alias, force: false })
      const { ticket, alias } = await issue({ purpose })
      const tickets: SessionDeps['store']['tickets'] = {
        ...deps.store.tickets,
        update: (of, id, change, until) => {
          if (change.state === 'succeeded') client.leave()
          return deps.store.tickets.update(of, id, change, until)
        },
      }
      const word = secret(alias)
      const command =
        purpose === 'activate'
          ? ({ verb: 'activate', profile: alias, force: false } as const)
          : ({ verb: 'deactivate', password: word, force: false } as const)
      const given = purpose === 'activate' ? {} : { username: 'admin', password: word }
      await client.run({ ...deps, store: { ...deps.store, tickets } }, command, given)
      await until(async () => (await createTickets(deps).ticket(project, ticket.id, signal))?.state === 'succeeded')
    }
  })

  test('an error of ours is told to us with its cause, and what a client calls itself only in short', async () => {
    const told = recordEvents()
    const client = new RelayingClient(machine())
    const { alias } = await issue()
    const hostOf = () => Promise.reject(new Error('the secret cause'))
    await client.run({ ...deps, hostOf, events: told }, { verb: 'activate', profile: alias, force: false })
    assert.ok(!JSON.stringify(client.outcome).includes('the secret cause'))
    await until(() => told.all.some(({ name }) => name === 'provisioning.ended'))
    const [bug] = told.all.filter(({ name }) => name === 'service.error')
    assert.match(String(bug?.fields.cause), /the secret cause/)
    const long = new RelayingClient(client.firmware)
    const uuid = 'f'.repeat(70_000) as Guid
    await long.run({ ...deps, events: told }, { verb: 'activate', profile: 'x', force: false }, { uuid })
    assert.ok(JSON.stringify(told.all).length < 5_000)
  })

  test('rubbish, a second command and a message out of turn end the session with a coded error', async () => {
    const received: ServerMessage[] = []
    for (const frame of [
      '',
      '{}',
      '[1]',
      '{"method":"tls_data","payload":""}',
      '{"method":"explode","payload":""}',
      '\u0000'.repeat(200_000),
    ]) {
      received.length = 0
      let closed = false
      const session = new ProvisioningSession(
        {
          send: (bytes) => void received.push(decodeServerMessage(bytes)),
          close: () => {
            closed = true
          },
        },
        '127.0.0.1',
        deps,
        signal,
      )
      session.received(utf8(frame))
      await session.ended
      assert.ok(closed)
      assert.equal(received[0]?.type, 'error', frame.slice(0, 40))
    }
  })

  test('the open mode admits plain profile names, and only where it is on', async () => {
    const client = new RelayingClient(machine())
    const open = { ...deps, config: { ...deps.config, openMode: true } }
    await createTickets(deps).issueTicket(
      { project, hostId: 'h', operationId: 'o', purpose: 'activate', controlMode: 'client', expiresAt: 0 },
      signal,
    )
    await client.run(open, { verb: 'activate', profile: `${project}_ccm`, force: false })
    assert.equal(client.outcome?.type, 'success', JSON.stringify(client.outcome))
  })

  test('CIRA configs and profiles over REST: no secret in any answer, nothing of another project', async () => {
    const { routes } = createRps(deps)
    const config = {
      configName: 'home',
      mpsServerAddress: 'mps.example.test',
      mpsPort: 4433,
      username: 'admin',
      serverAddressFormat: 201,
      authMethod: 2,
      mpsRootCertificate: mpsRoot.toString('base64'),
      password: 'Fixed-Password1',
    }
    const made = await callRoute(routes, 'POST', '/api/v1/admin/ciraconfigs', { body: config })
    assert.equal(made.status, 201)
    const profile = {
      profileName: 'p1',
      activation: 'ccmactivate',
      amtPassword: 'Strong-Passw0rd!',
      dhcpEnabled: true,
      ciraConfigName: 'home',
    }
    assert.equal((await callRoute(routes, 'POST', '/api/v1/admin/profiles', { body: profile })).status, 201)
    for (const path of ['/api/v1/admin/ciraconfigs', '/api/v1/admin/profiles', '/api/v1/admin/profiles/p1']) {
      const answer = JSON.stringify((await callRoute(routes, 'GET', path)).body)
      assert.ok(!answer.includes('Fixed-Password1') && !answer.includes('Strong-Passw0rd!'))
    }
    assert.deepEqual((await callRoute(routes, 'GET', '/api/v1/admin/profiles', { project: other })).body, [])
    const code = (wanted: string) => (error: unknown) => error instanceof Fault && error.code === wanted
    await assert.rejects(
      callRoute(routes, 'GET', '/api/v1/admin/profiles/p1', { project: other }),
      code('PROFILE_NOT_FOUND'),
    )
    await assert.rejects(callRoute(routes, 'POST', '/api/v1/admin/profiles', { body: profile }), code('PROFILE_EXISTS'))
    await assert.rejects(callRoute(routes, 'DELETE', '/api/v1/admin/ciraconfigs/home'), code('CIRA_CONFIG_IN_USE'))
    assert.equal((await callRoute(routes, 'DELETE', '/api/v1/admin/profiles/p1')).status, 204)
    assert.equal((await callRoute(routes, 'DELETE', '/api/v1/admin/ciraconfigs/home')).status, 204)
    const weak = { ...profile, profileName: 'p2', amtPassword: 'weak', ciraConfigName: null }
    await assert.rejects(callRoute(routes, 'POST', '/api/v1/admin/profiles', { body: weak }), code('PROFILE_INVALID'))
  })
})
