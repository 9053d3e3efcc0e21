import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Fault, secret, toHex, utf8 } from '@outrider/protocols/values'
import fc from 'fast-check'
import { type ActivationPlan, activateAsAdmin, activateAsClient, type ProvisioningProof } from './index.ts'
import { Cut, disconnected, FakeAmt, FakeHouse, fakeProof, md5, provisioningChain } from './test/fake-amt.ts'

const never = new AbortController().signal
const amt = (): FakeAmt => new FakeAmt({ username: '$$OsAdmin', password: secret('local account password') })
const plain: ActivationPlan = {
  mebx: {},
  network: { dhcp: true, ipSync: true },
  features: { kvm: true, sol: true, ider: false, consent: 'none' },
}
const withCira: ActivationPlan = {
  ...plain,
  cira: {
    address: 'mps.example.org',
    port: 4433,
    addressFormat: 201,
    commonName: 'mps.example.org',
    username: 'admin',
    authMethod: 2,
    rootCertificate: Uint8Array.of(0x30, 0x82, 1, 2),
  },
}
const prove = async (): Promise<ProvisioningProof> => fakeProof
const code = (expected: string) => (error: unknown) => error instanceof Fault && error.code === expected
const ha1Of = (device: FakeAmt, password: string | undefined): string =>
  toHex(md5(utf8(`admin:${device.realm}:${password}`)))

const assertAdmin = (device: FakeAmt, house: FakeHouse, cira: boolean): void => {
  assert.equal(device.mode, 2)
  const values = house.stored.promoted?.values
  assert.equal(device.adminHa1, ha1Of(device, values?.AMT_PASSWORD?.reveal()), 'the promoted password logs in')
  assert.ok(values?.MEBX_PASSWORD !== undefined)
  assert.equal(device.mebxPassword, values.MEBX_PASSWORD.reveal(), 'the promoted MEBx password is the one told')
  assert.notEqual(values.MEBX_PASSWORD.reveal(), values.AMT_PASSWORD?.reveal())
  assert.equal(device.list('IPS_OptInService')[0]!.OptInRequired, 0)
  assert.equal(device.dials, cira)
  if (cira) assert.equal(device.mpsPassword, values.MPS_PASSWORD?.reveal())
}

test('activates an idle device in admin control mode, without user consent', async () => {
  const device = amt()
  const house = new FakeHouse()
  const { device: it, ports } = house.attempt(device)
  const done = await activateAsAdmin(it, withCira, prove, ports, never)
  assert.deepEqual([done.before, done.mode, done.cira], ['none', 'admin', true])
  assertAdmin(device, house, true)
  assert.equal(house.stored.pending, undefined)
  assert.deepEqual([device.adminSetups, device.setups, device.upgrades], [1, 0, 0])
  assert.deepEqual(house.steps.slice(0, 4), ['started', 'certificates', 'activated', 'mebx'])
})

test('again on a device in admin control mode: nothing changes, and no proof is needed', async () => {
  const device = amt()
  const house = new FakeHouse()
  const first = house.attempt(device)
  await activateAsAdmin(first.device, withCira, prove, first.ports, never)
  device.calls = []
  const again = house.attempt(device)
  const unasked = () => Promise.reject(new Error('nobody should ask'))
  assert.equal((await activateAsAdmin(again.device, withCira, unasked, again.ports, never)).before, 'admin')
  assert.deepEqual(
    device.calls.filter((call) => !/^(Get|Enumerate) /.test(call)),
    [],
  )
})

test('takes a device from client into admin control mode with the password it has', async () => {
  const device = amt()
  const house = new FakeHouse()
  const first = house.attempt(device)
  await activateAsClient(first.device, withCira, first.ports, never)
  const password = house.stored.promoted?.values.AMT_PASSWORD?.reveal()
  const second = house.attempt(device)
  const done = await activateAsAdmin(second.device, withCira, prove, second.ports, never)
  assert.deepEqual([done.before, done.mode], ['client', 'admin'])
  assert.equal(house.stored.promoted?.values.AMT_PASSWORD?.reveal(), password)
  assertAdmin(device, house, true)
  assert.deepEqual([device.setups, device.upgrades, device.adminSetups], [1, 1, 0])
})

test('cut at every step and called again: it ends in admin control mode, set up once', async () => {
  for (const from of ['none', 'client'] as const)
    for (const plan of [plain, withCira, { ...withCira, password: secret('Of-The-Profile1') }])
      for (const when of ['before', 'after'] as const)
        for (let nth = 1; ; nth++) {
          const device = amt()
          const house = new FakeHouse()
          if (from === 'client') {
            const before = house.attempt(device)
            await activateAsClient(before.device, { ...plan, password: secret('An-0ther-One') }, before.ports, never)
          }
          const cut = new Cut(nth, when)
          const first = house.attempt(device, cut)
          await activateAsAdmin(first.device, plan, prove, first.ports, never).catch((error) =>
            assert.ok(error instanceof Fault),
          )
          if (!cut.happened) break
          const second = house.attempt(device)
          await activateAsAdmin(second.device, plan, prove, second.ports, never)
          assertAdmin(device, house, plan.cira !== undefined)
          assert.equal(device.adminSetups + device.upgrades, 1)
          if (plan.password !== undefined)
            assert.equal(house.stored.promoted?.values.AMT_PASSWORD?.reveal(), plan.password.reveal())
        }
})

test('any number of cuts in a row, to and fro between the modes, ends as asked last', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ nth: fc.integer({ min: 1, max: 50 }), late: fc.boolean(), admin: fc.boolean() }), {
        maxLength: 6,
      }),
      async (cuts) => {
        const device = amt()
        const house = new FakeHouse()
        for (const { nth, late, admin } of cuts) {
          const attempt = house.attempt(device, new Cut(nth, late ? 'after' : 'before'))
          const work = admin
            ? activateAsAdmin(attempt.device, withCira, prove, attempt.ports, never)
            : activateAsClient(attempt.device, withCira, attempt.ports, never)
          await work.catch(() => {})
        }
        const last = house.attempt(device)
        await activateAsAdmin(last.device, withCira, prove, last.ports, never)
        assertAdmin(device, house, true)
      },
    ),
    { numRuns: 60 },
  )
})

test('passwords of the profile are the ones the device gets, also later', async () => {
  const device = amt()
  const house = new FakeHouse()
  const plan = (amtPassword: string, mebxPassword: string): ActivationPlan => ({
    ...plain,
    password: secret(amtPassword),
    mebx: { password: secret(mebxPassword) },
  })
  for (const [amtPassword, mebxPassword] of [
    ['First-Passw0rd', 'First-M3Bx-One'],
    ['Second-Passw0rd', 'Second-M3Bx-One'],
    ['Second-Passw0rd', 'Third-M3Bx-One'],
  ] as const) {
    const { device: it, ports } = house.attempt(device)
    await activateAsAdmin(it, plan(amtPassword, mebxPassword), prove, ports, never)
    assert.equal(device.adminHa1, ha1Of(device, amtPassword))
    assert.equal(device.mebxPassword, mebxPassword)
    assertAdmin(device, house, false)
  }
})

test('nothing is written or told where there is no proof', async () => {
  const device = amt()
  const house = new FakeHouse()
  const { device: it, ports } = house.attempt(device)
  const without = (): Promise<ProvisioningProof> => Promise.reject(disconnected())
  await assert.rejects(activateAsAdmin(it, plain, without, ports, never), code('DEVICE_DISCONNECTED'))
  assert.deepEqual(house.stored, {})
  assert.equal(device.mode, 0)
})

test('what the firmware says no to has a code of its own, and leaves the device as it was', async () => {
  const wrong: ProvisioningProof = { ...fakeProof, sign: async (bytes) => bytes }
  const foreign: ProvisioningProof = {
    ...fakeProof,
    chain: [provisioningChain[0]!, Uint8Array.of(9), Uint8Array.of(8)],
  }
  const cases: [string, string, string, ProvisioningProof][] = [
    ['AddNextCertInChain', 'CERTIFICATE_VERIFICATION_FAILED', 'PROVISIONING_CERTIFICATE_REFUSED', fakeProof],
    ['AddNextCertInChain', 'INVALID_STATE', 'PROVISIONING_CERTIFICATE_REFUSED', fakeProof],
    ['', 'CERTIFICATE_VERIFICATION_FAILED', 'PROVISIONING_CERTIFICATE_REFUSED', foreign],
    ['', '', 'PROVISIONING_SIGNATURE_REFUSED', wrong],
    ['AdminSetup', 'METHOD_DISABLED', 'ADMIN_SETUP_REFUSED', fakeProof],
    ['AdminSetup', 'INVALID_STATE', 'ADMIN_SETUP_REFUSED', fakeProof],
  ]
  for (const [method, status, expected, proof] of cases) {
    const device = amt()
    if (method !== '') device.refuse.set(method, status)
    const { device: it, ports } = new FakeHouse().attempt(device)
    await assert.rejects(
      activateAsAdmin(it, plain, async () => proof, ports, never),
      (error) => {
        assert.ok(error instanceof Fault)
        assert.equal(error.code, expected)
        assert.equal(error.detail.status ?? '', status)
        return true
      },
    )
    assert.equal(device.mode, 0)
  }
})

test('an upgrade that is refused leaves the device in client control mode, and its password', async () => {
  const device = amt()
  const house = new FakeHouse()
  const first = house.attempt(device)
  await activateAsClient(first.device, plain, first.ports, never)
  device.refuse.set('UpgradeClientToAdmin', 'METHOD_DISABLED')
  const second = house.attempt(device)
  await assert.rejects(activateAsAdmin(second.device, plain, prove, second.ports, never), code('UPGRADE_REFUSED'))
  assert.equal(device.mode, 1)
  assert.equal(device.adminHa1, ha1Of(device, house.stored.promoted?.values.AMT_PASSWORD?.reveal()))
})

test('a MEBx password that is refused is a fault, and is not counted as told', async () => {
  const device = amt()
  const house = new FakeHouse()
  device.refuse.set('SetMEBxPassword', 'INVALID_PASSWORD')
  const first = house.attempt(device)
  await assert.rejects(activateAsAdmin(first.device, plain, prove, first.ports, never), code('MEBX_PASSWORD_REFUSED'))
  assert.equal(house.stored.promoted?.values.MEBX_PASSWORD, undefined)
  device.refuse.clear()
  const second = house.attempt(device)
  await activateAsAdmin(second.device, plain, prove, second.ports, never)
  assertAdmin(device, house, false)
})

test('a device without a nonce to sign is not told anything', async () => {
  const device = amt()
  device.nonce = new Uint8Array(3)
  const { device: it, ports } = new FakeHouse().attempt(device)
  await assert.rejects(activateAsAdmin(it, plain, prove, ports, never), code('CONFIGURATION_NONCE_MISSING'))
})
