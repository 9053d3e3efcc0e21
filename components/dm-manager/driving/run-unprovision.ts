import type { Operation } from '@outrider/domain/operations'
import { type Memo, type Step, writeMemo } from '@outrider/domain/reconcile'
import { Fault, seconds } from '@outrider/protocols/values'
import type { Turn } from './drive.ts'
import { TimeLimit } from './time-limit.ts'

const CALL_DEADLINE = seconds(60)

/** Tells the device to deactivate itself. Whether it did is read back by the plan, whatever this brings. */
export const runUnprovision = async (
  it: Turn,
  step: Extract<Step, { readonly do: 'unprovision' }>,
): Promise<Operation | undefined> => {
  const { deps, ref, operation, device, advance } = it
  const { control, clock } = deps
  using limit = new TimeLimit(CALL_DEADLINE, it.signal)
  const { signal } = limit
  const at = clock.now()
  const { unprovisionAt: _before, ...rest } = step.memo
  const viaAgent: Memo = { ...rest, viaAgent: true }
  const begun = await advance({
    life: 'running',
    actedAt: at,
    attempt: operation.attempt + 1,
    memo: writeMemo(step.memo),
    addSteps: [{ at, step: 'deactivating', message: 'The device is told to deactivate itself.' }],
  })
  if (begun === undefined || device === undefined) return begun
  try {
    const needed = !step.lookFirst || (await control.controlMode(ref.project, device, signal)) !== 'none'
    if (needed) await control.unprovision(ref.project, device, signal)
  } catch (error) {
    it.signal.throwIfAborted()
    const fault = Fault.from(error)
    switch (fault.code) {
      case 'AMT_REFUSED':
        return advance({ life: 'failed', fault: fault.record() })
      // Nothing was done, and nothing will be by this way: the agent has one of its own.
      case 'DEVICE_NOT_CONNECTED':
      case 'DEVICE_SECRET_MISSING':
      case 'WSMAN_UNAUTHORIZED':
        return advance({
          memo: writeMemo(step.lookFirst ? { ...step.memo, viaAgent: true } : viaAgent),
          addSteps: [
            { at: clock.now(), step: 'over-the-agent', message: `${fault.message} Trying by way of the agent.` },
          ],
        })
      default:
        return begun
    }
  }
  return advance({
    memo: writeMemo({ ...step.memo, acknowledged: true }),
    addSteps: [{ at: clock.now(), step: 'deactivated', message: 'The device says that it deactivates itself.' }],
  })
}
