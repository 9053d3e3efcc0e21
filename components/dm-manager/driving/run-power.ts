import { isPowerKind, type Operation } from '@outrider/domain/operations'
import { changePower, legacyPowerOf, type PowerMarks, powerTable } from '@outrider/domain/power'
import { reconcileFaults, writeMemo } from '@outrider/domain/reconcile'
import { seconds } from '@outrider/protocols/values'
import { dmManagerFaults } from '../faults.ts'
import type { Turn } from './drive.ts'

/** One power operation to its end. What was sent is on record before it is sent. */
export const runPower = async (it: Turn): Promise<Operation | undefined> => {
  const { deps, ref, operation, memo, device, signal, advance } = it
  const { control, clock, config } = deps
  const { kind } = operation
  if (!isPowerKind(kind)) throw new TypeError(`${kind} is no power operation`)
  if (device === undefined) return advance({ life: 'refused', fault: reconcileFaults.AMT_NOT_PROVISIONED().record() })
  const { name } = powerTable[kind]
  const mark = async (marks: PowerMarks, first: boolean): Promise<void> => {
    const at = clock.now()
    const step = first
      ? { at, step: 'power-requested', message: `Requesting ${name} of the device (${marks.sent.at(-1)}).` }
      : { at, step: 'power-accepted', message: 'The device has accepted the request.' }
    const written = await advance({
      memo: writeMemo({ ...memo, marks }),
      addSteps: [step],
      ...(first ? { life: 'running', actedAt: at, attempt: operation.attempt + marks.sent.length } : {}),
    })
    // Cancelled in this moment: nothing is sent.
    if (written === undefined) throw dmManagerFaults.LEASE_LOST()
  }
  const outcome = await changePower(
    {
      state: (s) => control.powerState(ref.project, device, s),
      available: (s) => control.availablePowerRequests(ref.project, device, s),
      request: (code, s) => control.requestPower(ref.project, device, code, s),
    },
    {
      kind,
      policy: operation.powerPolicy ?? 'immediate',
      marks: memo.marks,
      deadline: operation.deadline,
      softSpan: seconds(config.softOffSeconds),
    },
    clock,
    { beforeAct: (marks) => mark(marks, true), afterAct: (marks) => mark(marks, false) },
    signal,
  )
  const at = clock.now()
  switch (outcome.end) {
    case 'succeeded': {
      const message = outcome.acted ? `${powerTable[kind].done}.` : `It is there already; nothing was sent.`
      return advance({
        life: 'succeeded',
        addSteps: [{ at, step: outcome.acted ? 'power-reached' : 'already', message }],
      })
    }
    case 'refused':
      return advance({ life: 'refused', fault: outcome.fault })
    case 'failed':
      return advance(
        { life: 'failed', fault: outcome.fault },
        outcome.state === undefined ? undefined : { currentPower: legacyPowerOf(outcome.state) },
      )
  }
}
