import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { AMT_AuditLog, CIM_PowerManagementService, IPS_OptInService, MANAGED_SYSTEM } from '@outrider/protocols/amt'
import { text, toBase64 } from '@outrider/protocols/values'
import { ManualClock } from '../clock.ts'
import { activate, deadline, local, machine, PASSWORD } from '../test/bench.ts'
import { call, refusal } from '../test/refusals.ts'
import { exercised, rowsOf } from '../test/rule-book.ts'
import { MAX_ENTRIES } from './audit-entry.ts'
import { audit, auditEventName, auditEvents } from './audit-log.ts'
import { auditRecord } from './audit-record.ts'

/** A record as an existing reader takes it apart. */
const read = (bytes: Uint8Array) => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let at = 5
  let user: string | undefined
  if (bytes[4] === 0) {
    const length = bytes[at++]!
    user = text(bytes.subarray(at, at + length))
    at += length
  }
  const seconds = view.getUint32(at)
  const location = bytes[at + 4]
  const address = bytes[at + 5]!
  at += 6 + address
  const length = bytes[at]!
  const data = bytes.subarray(at + 1)
  assert.equal(data.length, length)
  return {
    application: view.getUint16(0),
    event: view.getUint16(2),
    initiator: bytes[4],
    user,
    seconds,
    location,
    address,
    data: [...data],
  }
}

describe('the audit log', () => {
  test('is written as a captured record is', (t) => {
    // Application 19, event 0, by the machine, 16 bytes of versions 12.0.40.1433 and 12.0.36.1428.
    const entry = {
      application: 19,
      event: 0,
      by: 'local',
      at: 0x3ff4cd6e,
      data: '000c000000280599000c000000240594',
    } as const
    const record = toBase64(auditRecord(entry))
    assert.equal(record, 'ABMAAAI/9M1uAgAQAAwAAAAoBZkADAAAACQFlA==')
    exercised(t, 'self-10')
  })

  test('says who did what, and is read in pages', async (t) => {
    await using firmware = machine()
    await using os = await local(firmware)
    await activate(os)
    const consent = await os.wsman.get(IPS_OptInService, {}, deadline())
    assert.equal(
      await refusal(os.wsman.put(IPS_OptInService, { ...consent, OptInRequired: 1 }, {}, deadline())),
      'AccessDenied',
    )
    for (const PowerState of [11, 11, 11, 11, 11, 11, 11, 11])
      await call(os, CIM_PowerManagementService, 'RequestPowerStateChange', {
        PowerState,
        ManagedElement: MANAGED_SYSTEM,
      })
    // Refused: not audited.
    await call(os, CIM_PowerManagementService, 'RequestPowerStateChange', {
      PowerState: 3,
      ManagedElement: MANAGED_SYSTEM,
    })
    const log = await os.wsman.get(AMT_AuditLog, {}, deadline())
    assert.equal(log.CurrentNumberOfRecords, 12)
    const page = async (StartIndex: number) => {
      const output = await os.wsman.invoke(AMT_AuditLog, 'ReadRecords', { StartIndex }, deadline())
      assert.equal(output.TotalRecordCount, 12)
      assert.equal(output.RecordsReturned, output.EventRecords!.length)
      return output.EventRecords!.map(read)
    }
    const all = [...(await page(1)), ...(await page(11))]
    assert.equal(all.length, 12)
    assert.deepEqual(
      all.slice(2, 4).map(({ application, event, initiator }) => [application, event, initiator]),
      [
        [16, 0, 2],
        [16, 1, 2],
      ],
    )
    for (const { application, event, user } of all.slice(4))
      assert.deepEqual([application, event, user], [17, 9, 'admin'])
    for (const StartIndex of [0, 13, -1]) assert.equal(await call(os, AMT_AuditLog, 'ReadRecords', { StartIndex }), 35)
    exercised(t, 'self-10', 3)
  })

  test('calls each accepted power request by its name', async (t) => {
    await using firmware = machine({ lmsPresent: true })
    {
      await using os = await local(firmware)
      await activate(os)
    }
    for (const [PowerState, event] of rowsOf(t, 'power-audit', [
      [10, 'reset'],
      [5, 'powerCycled'],
      [14, 'resetGracefully'],
      [11, 'interrupted'],
      [12, 'poweredDownGracefully'],
      [2, 'poweredUp'],
      [4, 'standby'],
      [2, 'poweredUp'],
      [7, 'hibernated'],
      [2, 'poweredUp'],
      [8, 'poweredDown'],
    ] as const)) {
      await using os = await local(firmware)
      os.as('admin', PASSWORD)
      const before = firmware.device.store.now.audit.length
      // A machine that goes down takes this way to it along.
      await os.wsman
        .invoke(
          CIM_PowerManagementService,
          'RequestPowerStateChange',
          { PowerState, ManagedElement: MANAGED_SYSTEM },
          deadline(),
        )
        .catch(() => undefined)
      const { audit: log } = firmware.device.store.now
      assert.equal(log.length, before + 1)
      assert.equal(auditEventName(log.at(-1)!), event)
      assert.deepEqual(log.at(-1)!.by, { user: 'admin' })
    }
  })

  test('keeps the newest, in its own time, and survives what it tells of', async (t) => {
    const clock = new ManualClock()
    await using firmware = machine({ clock })
    const { device } = firmware
    for (let number = 0; number < MAX_ENTRIES + 5; number++) {
      clock.advance(1000)
      device.store.change((draft) => audit(draft, device, 'timeSet', { user: 'admin', way: 'local' }))
    }
    const { audit: kept } = device.store.now
    assert.equal(kept.length, MAX_ENTRIES)
    assert.equal(kept.at(-1)!.at - kept[0]!.at, MAX_ENTRIES - 1)
    assert.equal(kept.at(-1)!.at, Math.floor(clock.now() / 1000))
    const names = new Set(Object.values(auditEvents).map(([application, event]) => `${application}/${event}`))
    assert.equal(names.size, Object.keys(auditEvents).length)
    assert.equal(auditEventName(kept[0]!), 'timeSet')
    exercised(t, 'self-10')
  })
})
