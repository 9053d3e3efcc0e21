import { setImmediate } from 'node:timers/promises'
import type { Host } from '@outrider/domain/hosts'
import type { Operation } from '@outrider/domain/operations'
import type { Clock, Device } from '@outrider/domain/ports'
import { type EpochMilliseconds, type Guid, guid } from '@outrider/protocols/values'

/** The two tenants of every suite. */
export const project = guid('11111111-1111-4111-8111-111111111111')
export const otherProject = guid('22222222-2222-4222-8222-222222222222')

/** What nothing in a suite may take longer than. */
export const deadline = (): AbortSignal => AbortSignal.timeout(30_000)

/** Waits until `holds`; fails where it does not within the deadline. */
export const eventually = async (holds: () => boolean): Promise<void> => {
  const signal = deadline()
  while (!holds()) {
    signal.throwIfAborted()
    await setImmediate()
  }
}

/** A clock a test moves. */
export interface ManualClock extends Clock {
  advance(milliseconds: number): void
}

export const manualClock = (start: EpochMilliseconds = 1_700_000_000_000): ManualClock => {
  let now = start
  return {
    now: () => now,
    monotonic: () => now,
    sleep: async (span, signal) => {
      signal.throwIfAborted()
      now += span
    },
    advance: (milliseconds) => {
      now += milliseconds
    },
  }
}

/** A GUID that is different for each number. */
export const aGuid = (number: number): Guid => guid(`d12428be-9fa1-4226-9784-${number.toString(16).padStart(12, '0')}`)

const idle = { text: '', indicator: 'unspecified', at: 0 } as const

/** A host that is different for each number in everything that must be unique. */
export const aHost = (number: number, fields: Partial<Host> = {}): Host => ({
  id: `host-${number.toString(16).padStart(8, '0')}`,
  project,
  name: `machine-${number}`,
  serial: `SN${number}`,
  uuid: aGuid(number),
  state: 'registered',
  desiredAmt: 'unspecified',
  currentAmt: 'unspecified',
  desiredControlMode: 'none',
  desiredPower: 'unspecified',
  currentPower: 'unspecified',
  powerPolicy: 'immediate',
  policy: 'follow',
  amtStatus: idle,
  powerStatus: idle,
  hostStatus: idle,
  registrationStatus: { text: 'Host registered', indicator: 'idle', at: 1000 + number },
  onboardingStatus: idle,
  metadata: { rack: `r${number}` },
  createdAt: 1000 + number,
  updatedAt: 1000 + number,
  revision: 1,
  ...fields,
})

/** A queued operation that is different for each number; a greater number was created later. */
export const anOperation = (number: number, fields: Partial<Operation> = {}): Operation => ({
  id: `op-${number.toString().padStart(20, '0')}`,
  project,
  hostId: 'host-00000001',
  kind: 'power-on',
  requester: { subject: 'user-1', name: 'Ada' },
  life: 'queued',
  attempt: 0,
  epoch: 0,
  deadline: 100_000,
  memo: {},
  steps: [],
  createdAt: 1000 + number,
  revision: 1,
  ...fields,
})

export const aDevice = (number: number, fields: Partial<Device> = {}): Device => ({
  guid: aGuid(number),
  project,
  tags: [],
  mpsUsername: 'admin',
  connected: false,
  ...fields,
})
