import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Disturbance, Firmware } from '@outrider/firmware'
import { Fault, toHex, utf8 } from '@outrider/protocols/values'
import { openLocalManagement } from '@outrider/sessions/local-management'
import { createWsmanSession, type WsmanSession } from '@outrider/sessions/wsman'
import { createAuthority } from '../../firmware/test/authority.ts'
import { host, machine, mps } from '../../firmware/test/bench.ts'
import { type ActivationDevice, type ActivationPlan, activateAsClient, deactivate } from './index.ts'
import { FakeHouse, md5, PROJECT } from './test/fake-amt.ts'

// The same functions against the simulated firmware, over its real wires: MEI, LME, HTTP digest, WS-MAN.

const authority = await createAuthority('MPSRoot-test')
const identity = await authority.issue('mps.example.com')
const signal = (): AbortSignal => AbortSignal.timeout(20_000)
const noPause = async (): Promise<void> => undefined

const planFor = (port: number): ActivationPlan => ({
  network: { dhcp: true, ipSync: true },
  features: { kvm: true, sol: true, ider: true, consent: 'none' },
  cira: {
    address: '127.0.0.1',
    port,
    addressFormat: 3,
    commonName: 'mps.example.com',
    username: 'mpsuser',
    authMethod: 2,
    rootCertificate: authority.der,
  },
})

/** One connection of RPC: a device as RPS sees it, until the attempt is over. */
const connect = async (firmware: Firmware, house: FakeHouse) => {
  const mei = host(firmware)
  const { user: username, password } = await mei.getLocalSystemAccount(signal())
  const { controlMode } = firmware.device.store.now.settings
  const way = await openLocalManagement({ mei: firmware.engine, pause: noPause, port: 16992 }, signal())
  const sessions: WsmanSession[] = []
  const device: ActivationDevice = {
    project: PROJECT,
    guid: firmware.identity.uuid,
    controlMode: (['none', 'client', 'admin'] as const)[controlMode]!,
    ...(controlMode === 0 ? { local: { username, password } } : {}),
    as: (credentials) => {
      const session = createWsmanSession({
        way: { openStream: (s) => way.openLocal(16992, s) },
        host: 'localhost',
        credentials,
        deadlineMs: 5000,
      })
      sessions.push(session)
      return session
    },
  }
  return {
    device,
    ports: house.ports(),
    async [Symbol.asyncDispose]() {
      for (const session of sessions) session.close()
      await way[Symbol.asyncDispose]()
    },
  }
}

const activate = async (firmware: Firmware, house: FakeHouse, plan: ActivationPlan) => {
  await using attempt = await connect(firmware, house)
  return await activateAsClient(attempt.device, plan, attempt.ports, signal())
}

const assertOurs = (firmware: Firmware, house: FakeHouse): void => {
  const { digestRealm, adminHa1 } = firmware.device.store.now.settings
  const password = house.stored.promoted?.values.AMT_PASSWORD?.reveal()
  assert.equal(adminHa1, toHex(md5(utf8(`admin:${digestRealm}:${password}`))), 'the promoted password logs in')
  assert.equal(firmware.counters.setup, 1)
}

test('from factory to a tunnel with the stored credentials, again without a change, and back', async () => {
  const house = new FakeHouse()
  await using server = await mps(identity, { password: 'unknown until it is told' })
  await using firmware = machine()
  const done = await activate(firmware, house, planFor(server.port))
  assert.deepEqual([done.before, done.mode, done.cira], ['none', 'client', true])
  assert.deepEqual([done.network.result, done.features.result], ['unchanged', 'configured'])
  assertOurs(firmware, house)
  await using told = await mps(identity, { password: house.stored.promoted!.values.MPS_PASSWORD!.reveal() })
  const moved = await activate(firmware, house, planFor(told.port))
  assert.equal(moved.before, 'client')
  const session = await told.tunnel()
  await using _ = session
  const wsman = told.wsman(session, house.stored.promoted!.values.AMT_PASSWORD!.reveal())
  wsman.close()
  await using attempt = await connect(firmware, house)
  assert.deepEqual(await deactivate(attempt.device, attempt.ports, signal()), {
    outcome: 'deactivated',
    verified: true,
  })
  assert.equal(firmware.device.store.now.settings.controlMode, 0)
})

test('connections that end before or after any one request: called again, it ends activated', async () => {
  await using server = await mps(identity)
  for (const what of ['drop-before', 'drop-after', 'http-500', 'wrong-nonce'] as const)
    for (let skip = 0; ; skip += what === 'drop-before' || what === 'drop-after' ? 3 : 9) {
      const house = new FakeHouse()
      const disturbance: Disturbance = { at: 'wsman', what, times: 1, skip }
      await using firmware = machine({ disturbances: [disturbance] })
      // The later occasions are in the second attempt: then the third is the one that must go through.
      for (const _ of ['first', 'second'])
        await activate(firmware, house, planFor(server.port)).catch((error) => assert.ok(error instanceof Fault))
      const last = await activate(firmware, house, planFor(server.port))
      assert.equal(last.mode, 'client', `${what} ${skip}`)
      assertOurs(firmware, house)
      if (skip > 40) break
    }
})
