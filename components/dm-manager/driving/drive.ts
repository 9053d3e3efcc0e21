import type { Host, HostChange } from '@outrider/domain/hosts'
import { type Operation, type OperationChange, terminal } from '@outrider/domain/operations'
import type { Clock, DeviceControl, EventSink, Inventory, Leases, Provisioning, Random } from '@outrider/domain/ports'
import { type Memo, plan, progress, readMemo, type Seen, type Step, writeMemo } from '@outrider/domain/reconcile'
import { type EpochMilliseconds, type Guid, seconds } from '@outrider/protocols/values'
import type { Desk } from '../agents/desk.ts'
import type { DmManagerConfig } from '../config.ts'
import { dmManagerFaults } from '../faults.ts'
import { type HostRef, keyOf } from '../host-ref.ts'
import type { Verdict } from './dispatcher.ts'
import { giveOrder } from './give-order.ts'
import type { Interests } from './interests.ts'
import { takeLease } from './keep-lease.ts'
import { runPower } from './run-power.ts'
import { runUnprovision } from './run-unprovision.ts'

export interface DriveDeps {
  readonly config: DmManagerConfig
  readonly inventory: Inventory
  readonly control: DeviceControl
  readonly provisioning: Provisioning
  readonly leases: Leases
  readonly clock: Clock
  readonly random: Random
  readonly events: EventSink
  readonly holder: string
  readonly desk: Desk
  readonly interests: Interests
  /** Until then devices may still be on their way back. */
  readonly graceUntil: EpochMilliseconds
}

/** One turn at a host: its oldest unfinished operation under its lease, and how to write to it. */
export interface Turn {
  readonly deps: DriveDeps
  readonly ref: HostRef
  readonly host: Host
  readonly operation: Operation
  readonly memo: Memo
  /** The GUID its device is connected by, or is known by. */
  readonly device: Guid | undefined
  readonly signal: AbortSignal
  /** Writes to the operation. `undefined`: it has ended meanwhile. Throws `LEASE_LOST` where it is somebody else's. */
  advance(change: OperationChange, host?: HostChange): Promise<Operation | undefined>
}

/** Somebody else holds the lease; as a rule a process that has just died. */
const LEASE_PAUSE = seconds(2)

/**
 * Drives the operations of one host, oldest first, until there is something to wait for or nothing left.
 * Everything it knows is read anew, so that it may be killed at any moment and called again.
 */
export const drive = async (ref: HostRef, deps: DriveDeps, signal: AbortSignal): Promise<Verdict> => {
  const first = await oldest(ref, deps, signal)
  if (first === undefined) return idle(ref, deps)
  const { leaseSeconds } = deps.config
  await using held = await takeLease(deps, `host/${keyOf(ref)}`, seconds(leaseSeconds), signal)
  if (held === undefined) return { idle: false, until: deps.clock.now() + LEASE_PAUSE }
  const { lease } = held
  // Read under the lease: whoever had it before us may have written since.
  let operation = await oldest(ref, deps, held.signal)
  while (operation !== undefined) {
    held.signal.throwIfAborted()
    const current: Operation = operation
    const advance: Turn['advance'] = async (change, host) => {
      const { inventory } = deps
      const written = await inventory.advanceOperation(ref.project, current.id, lease.epoch, change, host, held.signal)
      if (written === 'stale') throw dmManagerFaults.LEASE_LOST()
      return typeof written === 'string' ? undefined : written
    }
    const next = await turn(current, ref, deps, advance, held.signal)
    if (next !== undefined && 'until' in next) return { idle: false, until: next.until }
    const going = next !== undefined && !terminal.has(next.life)
    operation = going ? next : await oldest(ref, deps, held.signal)
  }
  return idle(ref, deps)
}

const oldest = async (ref: HostRef, deps: DriveDeps, signal: AbortSignal): Promise<Operation | undefined> => {
  const query = { hostId: ref.hostId, lives: ['queued', 'running'], order: 'oldest', limit: 1 } as const
  return (await deps.inventory.operations(ref.project, query, signal)).items[0]
}

const idle = (ref: HostRef, { desk, interests }: DriveDeps): Verdict => {
  desk.keepOnly(ref, undefined)
  interests.forget(keyOf(ref))
  return { idle: true }
}

/** Looks, plans, does that one thing. The operation as it is then, or until when to wait. */
const turn = async (
  operation: Operation,
  ref: HostRef,
  deps: DriveDeps,
  advance: Turn['advance'],
  signal: AbortSignal,
): Promise<Operation | { readonly until: EpochMilliseconds } | undefined> => {
  const { inventory, desk, clock } = deps
  const host = await inventory.host(ref.project, { id: ref.hostId }, signal)
  if (host === undefined) return advance({ life: 'failed', fault: dmManagerFaults.HOST_GONE().record() })
  const memo = readMemo(operation)
  desk.keepOnly(ref, memo.order?.id)
  const { seen, device } = await observe(operation, host, memo, ref, deps, signal)
  const told = progress(memo, seen)
  if (told !== undefined) return advance({ memo: writeMemo(told.memo), addSteps: told.steps })
  const step = plan(operation, host, seen, clock.now())
  const it: Turn = { deps, ref, host, operation, memo, device, signal, advance }
  return execute(step, it)
}

const observe = async (
  operation: Operation,
  host: Host,
  memo: Memo,
  ref: HostRef,
  deps: DriveDeps,
  signal: AbortSignal,
): Promise<{ readonly seen: Seen; readonly device: Guid | undefined }> => {
  const { desk, provisioning, control, interests, config, graceUntil } = deps
  const { order } = memo
  const ticket =
    order?.ticketId === undefined ? undefined : await provisioning.ticket(ref.project, order.ticketId, signal)
  // What the engine says counts, the activated device's own word first. The BIOS' is for engines nobody has asked:
  // where the two differ it may be the engine's of another machine.
  const device = ticket?.amtGuid ?? host.amtGuid ?? host.uuid
  // Before looking: what happens from here on is told.
  interests.set(keyOf(ref), ref.project, device === undefined ? [] : [device], operation.id)
  const present = device === undefined ? undefined : await control.presence(ref.project, device, signal)
  const given = order === undefined ? undefined : desk.seen(ref, order.id)
  return {
    seen: {
      agent: desk.agent(ref),
      connected: present !== undefined,
      graceUntil,
      ourMps: config.mpsHostnames,
      ...(given === undefined ? {} : { order: given }),
      ...(ticket === undefined ? {} : { ticket }),
    },
    device,
  }
}

const execute = async (
  step: Step,
  it: Turn,
): Promise<Operation | { readonly until: EpochMilliseconds } | undefined> => {
  const { deps, advance, memo, operation } = it
  const note = (text: { readonly step: string; readonly message: string }) => ({ at: deps.clock.now(), ...text })
  switch (step.do) {
    case 'nothing':
      return undefined
    case 'wait':
      return { until: step.until }
    case 'record': {
      if (memo.order !== undefined && step.memo.order?.id !== memo.order.id) await closeOrder(it)
      return advance({ memo: writeMemo(step.memo), addSteps: [note(step.note)] })
    }
    case 'order':
      return giveOrder(it, step)
    case 'power':
      return runPower(it)
    case 'unprovision':
      return runUnprovision(it, step)
    case 'refuse':
    case 'fail':
      await closeOrder(it)
      return advance({ life: step.do === 'refuse' ? 'refused' : 'failed', fault: step.fault })
    case 'succeed':
      await closeOrder(it)
      // Before the end is written: a crash in between finds the same end again.
      if (step.forget !== undefined) await deps.provisioning.forgetDevice(operation.project, step.forget, it.signal)
      return advance({ life: 'succeeded', addSteps: [note(step.note)] }, step.host)
  }
}

/** The order counts no more: neither its agent nor its ticket does anything by it from here on. */
const closeOrder = async ({ deps, ref, memo, signal }: Turn): Promise<void> => {
  deps.desk.keepOnly(ref, undefined)
  const ticketId = memo.order?.ticketId
  if (ticketId !== undefined) await deps.provisioning.revokeTicket(ref.project, ticketId, signal)
}
