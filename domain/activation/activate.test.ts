import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Fault, secret, toHex, utf8 } from '@outrider/protocols/values'
import fc from 'fast-check'
import { type ActivationPlan, activateAsClient, deactivate } from './index.ts'
import { Cut, FakeAmt, FakeHouse, md5 } from './test/fake-amt.ts'

const never = new AbortController().signal
const amt = (): FakeAmt => new FakeAmt({ username: '$$OsAdmin', password: secret('local account password') })
const plain: ActivationPlan = {
  network: { dhcp: true, ipSync: true },
  features: { kvm: true, sol: true, ider: false, consent: 'none' },
}
const root = Uint8Array.of(0x30, 0x82, 1, 2)
const withCira: ActivationPlan = {
  ...plain,
  cira: {
    address: 'mps.example.org',
    port: 4433,
    addressFormat: 201,
    commonName: 'mps.example.org',
    username: 'admin',
    authMethod: 2,
    rootCertificate: root,
  },
}
const code = (expected: string) => (error: unknown) => error instanceof Fault && error.code === expected

/** What must be true of a device and the house once an activation has succeeded. */
const assertActivated = (device: FakeAmt, house: FakeHouse, cira: boolean): void => {
  assert.equal(device.mode, 1)
  assert.equal(device.setups, 1)
  const values = house.stored.promoted?.values
  const ha1 = toHex(md5(utf8(`admin:${device.realm}:${values?.AMT_PASSWORD?.reveal()}`)))
  assert.equal(device.adminHa1, ha1, 'the promoted password logs in')
  assert.ok(house.registered.length > 0)
  assert.equal(device.dials, cira)
  if (!cira) return
  assert.equal(device.mpsPassword, values?.MPS_PASSWORD?.reveal(), 'the promoted MPS password is the one told')
  assert.equal(device.list('AMT_ManagementPresenceRemoteSAP').length, 1)
  assert.equal(device.list('AMT_RemoteAccessPolicyRule').length, 2)
  assert.deepEqual(
    device.list('AMT_RemoteAccessPolicyAppliesToMPS').map((link) => link.MpsType),
    [2, 2],
  )
}

test('activates an idle device in client control mode, with few calls', async () => {
  const device = amt()
  const house = new FakeHouse()
  const { device: it, ports } = house.attempt(device)
  const done = await activateAsClient(it, plain, ports, never)
  assert.deepEqual(done, {
    before: 'none',
    mode: 'client',
    network: { result: 'unchanged' },
    features: { result: 'configured' },
    cira: false,
  })
  assertActivated(device, house, false)
  assert.equal(house.stored.pending, undefined)
  assert.deepEqual(house.steps.slice(0, 2), ['started', 'activated'])
  assert.ok(device.calls.length <= 12, device.calls.join(', '))
})

test('features: what the machine lacks stays off, what client mode locks is not asked for', async () => {
  const device = amt()
  device.lacking.add('CIM_KVMRedirectionSAP')
  const { device: it, ports } = new FakeHouse().attempt(device)
  const done = await activateAsClient(it, plain, ports, never)
  assert.equal(done.features.result, 'configured')
  assert.equal(device.list('AMT_RedirectionService')[0]!.EnabledState, 32770)
  assert.equal(device.list('AMT_RedirectionService')[0]!.ListenerEnabled, true)
  assert.ok(!device.calls.includes('Put IPS_OptInService'))
})

test('with CIRA the house knows device and password before it can dial', async () => {
  const device = amt()
  const house = new FakeHouse()
  let knew: string | undefined
  device.onDial = () => {
    knew = house.registered.length > 0 ? house.stored.promoted?.values.MPS_PASSWORD?.reveal() : undefined
  }
  const { device: it, ports } = house.attempt(device)
  assert.equal((await activateAsClient(it, withCira, ports, never)).cira, true)
  assertActivated(device, house, true)
  assert.equal(knew, device.mpsPassword)
  // The same again changes nothing, and asks nothing that changes anything.
  device.calls = []
  const again = house.attempt(device)
  assert.equal((await activateAsClient(again.device, withCira, again.ports, never)).before, 'client')
  assert.deepEqual(
    device.calls.filter((call) => !/^(Get|Enumerate) /.test(call)),
    [],
  )
})

test('cut at every step, before and after it, and called again: it ends activated, set up once', async () => {
  for (const plan of [plain, withCira])
    for (const when of ['before', 'after'] as const)
      for (let nth = 1; ; nth++) {
        const device = amt()
        const house = new FakeHouse()
        const cut = new Cut(nth, when)
        const first = house.attempt(device, cut)
        // A lost answer may be survived in place; a dead connection ends the attempt.
        await activateAsClient(first.device, plan, first.ports, never).catch((error) =>
          assert.ok(error instanceof Fault),
        )
        if (!cut.happened) break
        const second = house.attempt(device)
        await activateAsClient(second.device, plan, second.ports, never)
        assertActivated(device, house, plan.cira !== undefined)
      }
})

test('any number of cuts in a row ends activated too', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ nth: fc.integer({ min: 1, max: 40 }), late: fc.boolean() }), { maxLength: 6 }),
      fc.boolean(),
      async (cuts, cira) => {
        const device = amt()
        const house = new FakeHouse()
        const plan = cira ? withCira : plain
        for (const { nth, late } of cuts) {
          const attempt = house.attempt(device, new Cut(nth, late ? 'after' : 'before'))
          await activateAsClient(attempt.device, plan, attempt.ports, never).catch(() => {})
        }
        const last = house.attempt(device)
        await activateAsClient(last.device, plan, last.ports, never)
        assertActivated(device, house, cira)
      },
    ),
    { numRuns: 60 },
  )
})

test('a device activated by somebody else is a named fault, and is left alone', async () => {
  const device = amt()
  device.mode = 1
  device.adminHa1 = 'somebody else'
  const { device: it, ports } = new FakeHouse().attempt(device)
  await assert.rejects(activateAsClient(it, plain, ports, never), code('AMT_PASSWORD_UNKNOWN'))
  assert.deepEqual(device.calls, [])
  const offered = new FakeHouse().attempt(device, undefined, { offered: secret('wrong') })
  await assert.rejects(activateAsClient(offered.device, plain, offered.ports, never), code('AMT_PASSWORD_UNKNOWN'))
})

test('an offered password that works is adopted', async () => {
  const device = amt()
  device.mode = 2
  device.adminHa1 = toHex(md5(utf8(`admin:${device.realm}:P@ssw0rd1`)))
  const house = new FakeHouse()
  const { device: it, ports } = house.attempt(device, undefined, { offered: secret('P@ssw0rd1') })
  assert.equal((await activateAsClient(it, plain, ports, never)).mode, 'admin')
  assert.equal(house.stored.promoted?.values.AMT_PASSWORD?.reveal(), 'P@ssw0rd1')
})

test('another MPS is replaced by ours, and without CIRA it goes', async () => {
  for (const plan of [withCira, plain]) {
    const device = amt()
    const house = new FakeHouse()
    const foreign = { ...withCira, cira: { ...withCira.cira!, address: 'other.example.org' } }
    const first = house.attempt(device)
    await activateAsClient(first.device, foreign, first.ports, never)
    const second = house.attempt(device)
    await activateAsClient(second.device, plan, second.ports, never)
    assert.deepEqual(
      device.list('AMT_ManagementPresenceRemoteSAP').map((server) => server.AccessInfo),
      plan.cira === undefined ? [] : ['mps.example.org'],
    )
    assert.equal(device.dials, plan.cira !== undefined)
  }
})

test('a full certificate store makes room for our root', async () => {
  const device = amt()
  device.roomForRoots = 1
  device.list('AMT_PublicKeyCertificate').push({
    InstanceID: 'cert 9',
    X509Certificate: Uint8Array.of(1),
    TrustedRootCertficate: true,
  })
  const { device: it, ports } = new FakeHouse().attempt(device)
  await activateAsClient(it, withCira, ports, never)
  assert.deepEqual(
    device.list('AMT_PublicKeyCertificate').map((each) => each.X509Certificate),
    [root],
  )
  const stuck = amt()
  stuck.roomForRoots = 0
  const attempt = new FakeHouse().attempt(stuck)
  await assert.rejects(activateAsClient(attempt.device, withCira, attempt.ports, never), code('CERTIFICATE_STORE_FULL'))
})

test('what the firmware says no to has a code of its own', async () => {
  const cases: [string, string, string][] = [
    ['Setup', 'METHOD_DISABLED', 'SETUP_REFUSED'],
    ['AddTrustedRootCertificate', 'INVALID_CERT', 'MPS_ROOT_REFUSED'],
    ['AddMpServer', 'INVALID_PARAMETER', 'REMOTE_ACCESS_REFUSED'],
    ['AddRemoteAccessPolicyRule', 'MAX_LIMIT_REACHED', 'REMOTE_ACCESS_REFUSED'],
  ]
  for (const [method, status, expected] of cases) {
    const device = amt()
    device.refuse.set(method, status)
    const { device: it, ports } = new FakeHouse().attempt(device)
    await assert.rejects(activateAsClient(it, withCira, ports, never), (error) => {
      assert.ok(error instanceof Fault)
      assert.equal(error.code, expected)
      assert.equal(error.detail.status, status)
      return true
    })
  }
  const noRealm = amt()
  noRealm.list('AMT_GeneralSettings')[0]!.DigestRealm = 'somewhere'
  const attempt = new FakeHouse().attempt(noRealm)
  await assert.rejects(activateAsClient(attempt.device, plain, attempt.ports, never), code('DIGEST_REALM_INVALID'))
  assert.equal(noRealm.setups, 0)
})

test('a part that is refused does not stop the rest', async () => {
  const device = amt()
  device.refuse.set('Put AMT_EthernetPortSettings', 'INVALID_PARAMETER')
  const { device: it, ports } = new FakeHouse().attempt(device)
  const done = await activateAsClient(it, { ...withCira, network: { dhcp: false, ipSync: true } }, ports, never)
  assert.equal(done.network.result, 'failed')
  assert.equal(done.network.result === 'failed' && done.network.fault.code, 'AMT_REFUSED')
  assert.equal(done.cira, true)
  const noAddress = new FakeHouse().attempt(amt())
  const plan = { ...plain, network: { dhcp: false, ipSync: false } }
  const without = await activateAsClient(noAddress.device, plan, noAddress.ports, never)
  assert.equal(without.network.result === 'failed' && without.network.fault.code, 'STATIC_ADDRESS_MISSING')
})

test('an abort ends it at once, with the reason', async () => {
  const controller = new AbortController()
  const { device: it, ports } = new FakeHouse().attempt(amt())
  controller.abort(new Fault({ kind: 'unavailable', code: 'DEVICE_DISCONNECTED', message: '', remedy: '' }))
  const clock = { ...ports.clock, sleep: async (_: number, signal: AbortSignal) => signal.throwIfAborted() }
  const wsman = it.as({ username: 'x', password: secret('') })
  wsman.get = async (_cls, _selectors, signal) => {
    signal.throwIfAborted()
    return {}
  }
  const device = { ...it, as: () => wsman }
  await assert.rejects(
    activateAsClient(device, plain, { ...ports, clock }, controller.signal),
    code('DEVICE_DISCONNECTED'),
  )
})

test('deactivation is verified by looking, and a device that is idle is already there', async () => {
  const device = amt()
  const house = new FakeHouse()
  const first = house.attempt(device)
  await activateAsClient(first.device, withCira, first.ports, never)
  const second = house.attempt(device)
  assert.deepEqual(await deactivate(second.device, second.ports, never), { outcome: 'deactivated', verified: true })
  assert.equal(device.mode, 0)
  assert.notEqual(house.stored.promoted, undefined, 'forgotten by whoever asked, once it is verified')
  const third = house.attempt(device)
  assert.deepEqual(await deactivate(third.device, third.ports, never), { outcome: 'already', verified: true })
})

test('deactivation cut at every step and called again ends deactivated', async () => {
  for (const when of ['before', 'after'] as const)
    for (let nth = 1; ; nth++) {
      const device = amt()
      const house = new FakeHouse()
      const first = house.attempt(device)
      await activateAsClient(first.device, plain, first.ports, never)
      const cut = new Cut(nth, when)
      const second = house.attempt(device, cut)
      await deactivate(second.device, second.ports, never).catch((error) => assert.ok(error instanceof Fault))
      if (!cut.happened) break
      const third = house.attempt(device)
      await deactivate(third.device, third.ports, never)
      assert.equal(device.mode, 0)
    }
})

test('a refused deactivation says what stands in the way', async () => {
  for (const [status, expected] of [
    ['BLOCKING_COMPONENT', 'UNPROVISION_BLOCKED'],
    ['NOT_PERMITTED', 'UNPROVISION_REFUSED'],
  ] as const) {
    const device = amt()
    const house = new FakeHouse()
    const first = house.attempt(device)
    await activateAsClient(first.device, plain, first.ports, never)
    device.refuse.set('Unprovision', status)
    const second = house.attempt(device)
    await assert.rejects(deactivate(second.device, second.ports, never), code(expected))
    assert.equal(device.mode, 1)
  }
})
