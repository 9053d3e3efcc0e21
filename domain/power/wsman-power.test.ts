import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MANAGED_SYSTEM } from '@outrider/protocols/amt'
import type { Wsman } from '@outrider/protocols/wsman'
import { availablePowerRequests, readPower, readPowerState, requestPowerStateChange } from './index.ts'

const never = new AbortController().signal

test('reads the power association and sends one request', async () => {
  const calls: unknown[] = []
  const wsman = {
    enumerate: async (cls: { name: string }) => {
      calls.push(cls.name)
      return [{}, { PowerState: 8, AvailableRequestedPowerStates: [2] }]
    },
    invoke: async (cls: { name: string }, method: string, input: unknown) => {
      calls.push([cls.name, method, input])
      return { ReturnValue: 0 }
    },
  } as unknown as Wsman
  assert.deepEqual(await readPower(wsman, never), { state: 8, available: [2] })
  assert.equal(await readPowerState(wsman, never), 8)
  assert.deepEqual(await availablePowerRequests(wsman, never), [2])
  calls.length = 0
  await requestPowerStateChange(wsman, 10, never)
  assert.deepEqual(calls, [
    ['CIM_PowerManagementService', 'RequestPowerStateChange', { PowerState: 10, ManagedElement: MANAGED_SYSTEM }],
  ])
})

test('a device that says nothing is in no known state', async () => {
  const wsman = { enumerate: async () => [] } as unknown as Wsman
  assert.deepEqual(await readPower(wsman, never), { state: 1, available: [] })
})
