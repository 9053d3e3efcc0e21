import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  AMT_BootSettingData,
  BOOT_CONFIGURATION,
  CIM_BootConfigSetting,
  CIM_BootService,
  CIM_BootSourceSetting,
} from '@outrider/protocols/amt'
import type { Firmware } from '../index.ts'
import { activate, deadline, type Local, local, machine } from '../test/bench.ts'
import { call, refusal, refused } from '../test/refusals.ts'
import { exercised, rowsOf } from '../test/rule-book.ts'

const SOURCE = 'Intel(r) AMT: Force PXE Boot'
const source = (InstanceID: string) => ({
  Source: { resourceUri: CIM_BootSourceSetting.uri, selectors: { InstanceID } },
})

describe('boot options', () => {
  /** A device whose consent nobody asks for. */
  const owned = async (act: (firmware: Firmware, os: Local) => Promise<void>): Promise<void> => {
    await using firmware = machine()
    await using os = await local(firmware)
    await activate(os)
    firmware.device.store.change(({ settings }) => {
      settings.optIn.required = 0
    })
    await act(firmware, os)
  }
  const put = async (os: Local, changes: object) => {
    const settings = await os.wsman.get(AMT_BootSettingData, {}, deadline())
    return refusal(os.wsman.put(AMT_BootSettingData, { ...settings, ...changes }, {}, deadline()))
  }
  const order = (os: Local, InstanceID?: string) =>
    call(os, CIM_BootConfigSetting, 'ChangeBootOrder', InstanceID === undefined ? {} : source(InstanceID))
  const role = (os: Local, Role: number) =>
    call(os, CIM_BootService, 'SetBootConfigRole', { BootConfigSetting: BOOT_CONFIGURATION, Role })
  const reset = ({ device }: Firmware) => {
    device.store.change((draft) => device.host.request(draft, 10))
    device.host.settle()
    return device.store.now.host.lastBoot
  }

  test('count where they were armed, once', (t) =>
    owned(async (firmware, os) => {
      await put(os, { UserPasswordBypass: true, FirmwareVerbosity: 2 })
      await order(os, SOURCE)
      assert.equal(await role(os, 1), 0)
      assert.deepEqual([reset(firmware)?.source, reset(firmware)?.source], [SOURCE, null])
      const { boot } = firmware.device.store.now.settings
      assert.deepEqual([boot.source, boot.nextSingleUse, boot.settings.OptionsCleared], [null, false, true])
      assert.equal(boot.settings.UserPasswordBypass, false)
      assert.equal(firmware.counters.bootOptionsSet, 1)
      exercised(t, 'boot-once', 2)
    }))

  test('do not count without their role, nor after it was taken back', (t) =>
    owned(async (firmware, os) => {
      await put(os, { BIOSSetup: true })
      assert.deepEqual(reset(firmware)?.options, {})
      await using again = await local(firmware)
      again.as('admin', 'Adm1n!Passw0rd')
      assert.equal(await role(again, 1), 0)
      assert.equal(await role(again, 32768), 0)
      assert.deepEqual(reset(firmware)?.options, {})
      exercised(t, 'boot-unarmed', 2)
    }))

  test('a source and a stop in BIOS exclude each other; a redirected drive does not', (t) =>
    owned(async (firmware, os) => {
      for (const option of rowsOf(t, 'boot-exclusion', [
        'BIOSSetup',
        'BIOSPause',
        'ReflashBIOS',
        'UseSOL',
        'UseIDER',
      ])) {
        assert.equal(await put(os, { [option]: true }), 0)
        await refused(firmware, 5, () => order(os, SOURCE))
        assert.equal(await order(os), 0)
        assert.equal(await put(os, { [option]: false }), 0)
      }
      assert.equal(await order(os, SOURCE), 0)
      for (const option of rowsOf(t, 'boot-exclusion', ['BIOSSetup', 'BIOSPause', 'ReflashBIOS']))
        await refused(firmware, 'InvalidRepresentation', () => put(os, { [option]: true }))
      assert.equal(await put(os, { UseIDER: true }), 0)
      assert.equal(firmware.device.store.now.settings.boot.source, SOURCE)
      await refused(firmware, 4, () => order(os, 'no such source'))
      await refused(firmware, 5, () => role(os, 2))
    }))

  test('erasing the platform is not for a device armed for recovery', (t) =>
    owned(async (firmware, os) => {
      for (const state of rowsOf(t, 'boot-exclusion', [32769, 32771])) {
        assert.equal(await call(os, CIM_BootService, 'RequestStateChange', { RequestedState: state }), 0)
        await refused(firmware, 'InvalidRepresentation', () => put(os, { PlatformErase: true }))
      }
      assert.equal(await call(os, CIM_BootService, 'RequestStateChange', { RequestedState: 32770 }), 0)
      assert.equal(await put(os, { PlatformErase: true }), 0)
      await refused(firmware, 1, () => call(os, CIM_BootService, 'RequestStateChange', { RequestedState: 5 }))
    }))
})
