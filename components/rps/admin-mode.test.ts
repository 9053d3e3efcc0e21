import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { createLocalBus } from '@outrider/bus-local'
import type { Database } from '@outrider/database'
import type { DeviceRegistration } from '@outrider/domain/ports'
import { createFirmware, type Firmware, zeroTiming } from '@outrider/firmware'
import type { DevicePayload } from '@outrider/protocols/rps'
import { guid, minutes, secret, utf8 } from '@outrider/protocols/values'
import { RequestForms } from '@outrider/protocols/wsman'
import {
  memorySecrets,
  realClock,
  realRandom,
  recordEvents,
  selfSigned,
  temporaryDatabase,
} from '@outrider/testing/harness'
import { Value } from 'typebox/value'
import { rpsConfig } from './index.ts'
import { assemble, factsOf, KeptCertificates } from './provisioning-certificates/index.ts'
import { type LeafWishes, ProvisioningPki } from './test/provisioning-pki.ts'
import { RelayingClient } from './test/relaying-client.ts'
import { createTickets } from './tickets.ts'
import type { SessionDeps } from './websocket/session.ts'

const project = guid('11111111-1111-4111-8111-111111111111')
const signal = new AbortController().signal
const mpsRoot = Buffer.from(selfSigned().cert.replace(/-----[A-Z ]+-----|\s/g, ''), 'base64')

describe('RPS in admin control mode', () => {
  let database: Database
  let pki: ProvisioningPki
  const secrets = memorySecrets()
  const events = recordEvents()
  const registered: DeviceRegistration[] = []
  let deps: SessionDeps
  const machines: Firmware[] = []

  before(async () => {
    pki = new ProvisioningPki()
    database = await temporaryDatabase(realClock)
    deps = {
      config: Value.Default(rpsConfig, { ciraAddress: 'localhost' }) as SessionDeps['config'],
      store: database.provisioning,
      secrets,
      registry: {
        register: async (device) => void registered.push(device),
        forget: async () => {},
        credentialsChanged: async () => {},
      },
      bus: createLocalBus({ onError: (error) => assert.ifError(error) }),
      clock: realClock,
      random: realRandom,
      events,
      openProject: async () => project,
      hostOf: async () => undefined,
      mpsRoot: () => mpsRoot,
      version: '0.0.0',
      certificates: new KeptCertificates(secrets),
      forms: new RequestForms(),
    }
    await upload('vprodemo', 'vprodemo.com')
  })

  after(async () => {
    for (const firmware of machines) await firmware.stop()
    await database.close()
    pki[Symbol.dispose]()
  })

  const upload = async (name: string, suffix: string, leaf: LeafWishes = {}): Promise<void> => {
    const pfx = pki.pfx(leaf)
    const password = secret('P@ssw0rd')
    const values = { CERT: secret(pfx.toString('base64')), CERT_PASSWORD: password }
    const written = await secrets.put({ kind: 'domain', project, name }, values, undefined, signal)
    if (written === 'stale') throw new Error('it was not expected to be there')
    const facts = factsOf(assemble(await deps.certificates.read(pfx, password, signal)))
    const row = { project, name, suffix, storageFormat: 'string', ...facts, secretVersion: written.version, version: 1 }
    assert.equal(await database.provisioning.domains.insert(row as never, signal), 'inserted')
  }

  const machine = (fields: { pkiDnsSuffix?: string; hash?: string } = {}): RelayingClient<Firmware> => {
    const trusted = { name: pki.name, hash: fields.hash ?? pki.rootHash, isDefault: false, isActive: true }
    const firmware = createFirmware({
      identity: {
        serial: `ACM${machines.length}`,
        trustedHashes: [trusted],
        pkiDnsSuffix: fields.pkiDnsSuffix ?? 'vprodemo.com',
      },
      timing: 'zero',
      timingOverrides: zeroTiming,
    })
    machines.push(firmware)
    return new RelayingClient(firmware)
  }

  const activate = async (
    client: RelayingClient<Firmware>,
    controlMode: 'client' | 'admin' = 'admin',
    given: Partial<DevicePayload> = {},
    using: SessionDeps = deps,
  ) => {
    const { ticket, alias } = await createTickets(deps).issueTicket(
      {
        project,
        hostId: 'host-00000001',
        operationId: 'op-1',
        purpose: 'activate',
        controlMode,
        amtGuid: client.firmware.identity.uuid,
        expiresAt: Date.now() + minutes(5),
      },
      signal,
    )
    // A client that goes on from an earlier run begins anew.
    client.received.length = 0
    await client.run(using, { verb: 'activate', profile: alias, force: false }, given)
    const ended = await createTickets(deps).ticket(project, ticket.id, signal)
    if (ended === undefined) throw new Error('the ticket is gone')
    return ended
  }

  const controlMode = ({ firmware }: RelayingClient<Firmware>): number => firmware.device.store.now.settings.controlMode

  test('a ticket for admin control mode ends in it: chain, signature, MEBx password, CIRA', async () => {
    const client = machine()
    const ticket = await activate(client)
    assert.deepEqual(
      [ticket.state, ticket.reachedMode, ticket.cira],
      ['succeeded', 'admin', true],
      `${ticket.fault?.code}`,
    )
    assert.equal(controlMode(client), 2)
    const { adminSetup, setup, setMebxPassword } = client.firmware.counters
    assert.deepEqual([adminSetup, setup, setMebxPassword], [1, 0, 1])
    assert.ok(JSON.stringify(client.outcome).includes('Activated to admin control mode.'))
    const { uuid } = client.firmware.identity
    const { promoted, pending } = await secrets.get({ kind: 'device', project, guid: uuid }, signal)
    assert.equal(pending, undefined)
    const { settings } = client.firmware.device.store.now
    assert.equal(promoted?.values.MEBX_PASSWORD?.reveal(), settings.mebxPassword)
    assert.notEqual(promoted?.values.MEBX_PASSWORD?.reveal(), promoted?.values.AMT_PASSWORD?.reveal())
    assert.equal(settings.optIn.required, 0)
    const signed = events.named('provisioning.signed').filter((each) => each.guid === uuid)
    assert.equal(signed.length, 1)
    assert.equal(signed[0]?.domain, 'vprodemo')
    assert.ok(registered.some((each) => each.guid === uuid))
  })

  test('again it is configured again, without a second signature', async () => {
    const client = machine()
    await activate(client)
    const ticket = await activate(client)
    assert.equal(ticket.reachedMode, 'admin')
    assert.ok(JSON.stringify(client.outcome).includes('Admin control mode.'))
    const { uuid } = client.firmware.identity
    assert.equal(events.named('provisioning.signed').filter((each) => each.guid === uuid).length, 1)
  })

  test('a device in client control mode is taken into admin control mode with the password it has', async () => {
    const client = machine()
    assert.equal((await activate(client, 'client')).reachedMode, 'client')
    const path = { kind: 'device', project, guid: client.firmware.identity.uuid } as const
    const before = (await secrets.get(path, signal)).promoted?.values.AMT_PASSWORD?.reveal()
    const ticket = await activate(client)
    assert.equal(ticket.reachedMode, 'admin', `${ticket.fault?.code}`)
    const { upgradeToAdmin, adminSetup, setup } = client.firmware.counters
    assert.deepEqual([upgradeToAdmin, adminSetup, setup], [1, 0, 1])
    assert.ok(JSON.stringify(client.outcome).includes('Upgraded to admin control mode.'))
    assert.equal((await secrets.get(path, signal)).promoted?.values.AMT_PASSWORD?.reveal(), before)
  })

  for (const method of ['AdminSetup', 'UpgradeClientToAdmin', 'AddNextCertInChain', 'SetMEBxPassword'])
    test(`a lost answer to ${method} is looked after`, async () => {
      const client = machine()
      if (method === 'UpgradeClientToAdmin') await activate(client, 'client')
      let lost = false
      client.pass = (request) => {
        if (lost || !request.includes(`/${method}<`)) return true
        lost = true
        void client.relay(utf8(request))
        return false
      }
      const quick = { ...deps, config: { ...deps.config, answerSeconds: 0.3 } }
      const ticket = await activate(client, 'admin', {}, quick)
      assert.equal(ticket.state, 'succeeded', `${ticket.fault?.code}`)
      assert.ok(lost)
      const { upgradeToAdmin, adminSetup } = client.firmware.counters
      assert.equal(upgradeToAdmin + adminSetup, 1)
    })

  test('what stands in the way is named, and nothing is sent that changes anything', async () => {
    const cases: readonly [string, RelayingClient<Firmware>, Partial<DevicePayload>][] = [
      ['PROVISIONING_ROOT_NOT_TRUSTED', machine({ hash: '0'.repeat(64) }), {}],
      ['DOMAIN_NOT_CONFIGURED', machine(), { fqdn: 'example.net' }],
      ['DNS_SUFFIX_MISSING', machine(), { fqdn: '' }],
      ['CERTIFICATE_HASHES_MISSING', machine(), { certHashes: [] }],
      ['AMT19_TLS_REQUIRED', machine(), { ver: '19.0.0', tlsEnforced: true }],
    ]
    for (const [code, client, given] of cases) {
      const ticket = await activate(client, 'admin', given)
      assert.equal(ticket.fault?.code, code)
      assert.ok(JSON.stringify(client.outcome).includes(code))
      assert.equal(controlMode(client), 0)
      const stored = await secrets.get({ kind: 'device', project, guid: client.firmware.identity.uuid }, signal)
      assert.deepEqual(stored, {})
    }
  })

  test('a certificate the firmware does not take is named, and the device is as it was', async () => {
    await upload('other', 'example.org', { commonName: 'rps.example.org' })
    const lying = machine()
    const ticket = await activate(lying, 'admin', { fqdn: 'example.org' })
    assert.equal(ticket.fault?.code, 'PROVISIONING_CERTIFICATE_REFUSED')
    assert.equal(ticket.fault?.detail?.which, 'leaf')
    await upload('unmarked', 'example.net', { commonName: 'rps.example.net', mark: 'none' })
    const unmarked = machine({ pkiDnsSuffix: 'example.net' })
    assert.equal((await activate(unmarked)).fault?.code, 'PROVISIONING_CERTIFICATE_REFUSED')
    for (const client of [lying, unmarked]) assert.equal(controlMode(client), 0)
  })
})
