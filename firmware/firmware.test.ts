import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import {
  AMT_GeneralSettings,
  AMT_SetupAndConfigurationService,
  CIM_PowerManagementService,
  CIM_ServiceAvailableToElement,
  IPS_HostBasedSetupService,
  MANAGED_SYSTEM,
} from '@outrider/protocols/amt'
import { type Authority, createAuthority } from './test/authority.ts'
import { activate, configureCira, deadline, host, local, machine, mps, tunnelAt } from './test/bench.ts'
import { exercised } from './test/rule-book.ts'

describe('a device from factory to tunnel and back', () => {
  let authority: Authority
  before(async () => {
    authority = await createAuthority('firmware test root')
  })

  test('is set up on the local interface, dials home, is powered through the tunnel, and unprovisioned', async (t) => {
    exercised(t, 'self-1')
    exercised(t, 'unprovision-wsman')
    exercised(t, 'setup-effects')
    await using firmware = machine()
    await using server = await mps(await authority.issue('mps.example.com'))
    {
      await using os = await local(firmware)
      await activate(os)
      assert.equal(await host(firmware).getControlMode(deadline()), 1)
      await configureCira(os, { root: authority.der, port: server.port })
    }
    const session = await server.tunnel()
    assert.equal(session.guid, firmware.identity.uuid)
    const wsman = server.wsman(session)

    const power = async () => (await wsman.enumerate(CIM_ServiceAvailableToElement, deadline()))[0]?.PowerState
    const request = (PowerState: number) =>
      wsman.invoke(
        CIM_PowerManagementService,
        'RequestPowerStateChange',
        { PowerState, ManagedElement: MANAGED_SYSTEM },
        deadline(),
      )
    assert.equal(await power(), 2)
    await request(8)
    assert.equal(await power(), 8)
    await assert.rejects(request(10), { code: 'AMT_REFUSED' })
    await request(2)
    assert.equal(await power(), 2)
    await request(10)
    await request(5)
    assert.equal(await power(), 2)

    const { powerOff, powerOn, reset, powerCycle, setup } = firmware.counters
    assert.deepEqual(
      { powerOff, powerOn, reset, powerCycle, setup },
      { powerOff: 1, powerOn: 1, reset: 1, powerCycle: 1, setup: 1 },
    )
    assert.equal((await wsman.get(IPS_HostBasedSetupService, {}, deadline())).CurrentControlMode, 1)

    const { DigestRealm: before } = await wsman.get(AMT_GeneralSettings, {}, deadline())
    await wsman.invoke(AMT_SetupAndConfigurationService, 'Unprovision', { ProvisioningMode: 1 }, deadline())
    wsman.close()
    await session.closed
    await tunnelAt(firmware, ({ at }) => at === 'idle')
    assert.equal(await host(firmware).getControlMode(deadline()), 0)
    assert.equal(firmware.counters.unprovision, 1)
    assert.notEqual(firmware.device.store.now.settings.digestRealm, before)
    assert.deepEqual(firmware.device.store.now.settings.servers, [])
  })
})
