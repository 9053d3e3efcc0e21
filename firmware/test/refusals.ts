import assert from 'node:assert/strict'
import { Fault } from '@outrider/protocols/values'
import type { AnyCimClass, InputOf, MethodOf, Wsman } from '@outrider/protocols/wsman'
import type { Firmware } from '../index.ts'
import { deadline } from './bench.ts'

/** What a refusal comes to: the return value of a method, or the subcode of a SOAP fault; 0 where there is none. */
export const refusal = async (act: Promise<unknown>): Promise<number | string> => {
  try {
    await act
  } catch (error) {
    assert.ok(error instanceof Fault, String(error))
    if (error.code === 'AMT_REFUSED') return error.detail.returnValue as number
    if (error.code === 'WSMAN_NOT_FOUND') return 'DestinationUnreachable'
    if (error.code === 'WSMAN_FAULT') return error.detail.subcode as string
    throw error
  }
  return 0
}

export const call = <C extends AnyCimClass, N extends MethodOf<C>>(
  { wsman }: { wsman: Wsman },
  cls: C,
  method: N,
  input: InputOf<C, N>,
): Promise<number | string> => refusal(wsman.invoke(cls, method, input, deadline()))

/** Runs `act` and asserts that it is refused so and that nothing has changed. */
export const refused = async (
  firmware: Firmware,
  expected: number | string,
  act: () => Promise<number | string>,
): Promise<void> => {
  const state = structuredClone(firmware.device.store.now)
  assert.equal(await act(), expected)
  assert.deepEqual(firmware.device.store.now, state)
}
