import type { HandlerContext, ServiceImpl } from '@connectrpc/connect'
import type { Host } from '@outrider/domain/hosts'
import type { Clock, DeviceControl, EventSink, Inventory } from '@outrider/domain/ports'
import type { OrderSeen } from '@outrider/domain/reconcile'
import { agent } from '@outrider/protocols/grpc'
import { Fault, parseGuid } from '@outrider/protocols/values'
import type { HostRef } from '../host-ref.ts'
import { type Bound, bind } from './bind.ts'
import type { AgentOrder, Desk } from './desk.ts'
import { detectionChange, readReport } from './detection.ts'
import { findConflict, settleConflict, withoutConflict } from './identity.ts'
import { reportedFault } from './reported-fault.ts'

export interface AgentDeps {
  readonly inventory: Inventory
  readonly control: DeviceControl
  readonly clock: Clock
  readonly events: EventSink
  readonly desk: Desk
  /** Something of this host changed: whoever drives its operations looks, where anybody does. */
  readonly wake: (host: HostRef) => void
  /** Whether an operation of this host is under way. */
  readonly busy: (host: HostRef) => boolean
}

const KIND = {
  activate: agent.OrderKind.ACTIVATE,
  deactivate: agent.OrderKind.DEACTIVATE,
  detect: agent.OrderKind.DETECT,
} as const
const STATE: Readonly<Record<number, OrderSeen['state']>> = {
  [agent.OrderState.ACCEPTED]: 'accepted',
  [agent.OrderState.RUNNING]: 'running',
  [agent.OrderState.SUCCEEDED]: 'succeeded',
  [agent.OrderState.FAILED]: 'failed',
}

/** What our own agents call: a stream of orders, and what they found and did. */
export const agentService = (deps: AgentDeps): ServiceImpl<typeof agent.AgentService> => {
  const { inventory, control, clock, events, desk, wake, busy } = deps
  const bound = (uuid: string, { values, signal }: HandlerContext): Promise<Bound> =>
    bind(values, uuid, inventory, signal)

  return {
    async *watchOrders({ hostUuid }, context) {
      const { ref } = await bound(hostUuid, context)
      const stream = desk.open(ref)
      events.emit('agent.connected', { host: ref.hostId })
      wake(ref)
      const leave = (): void => {
        if (!desk.close(ref, stream)) return
        events.emit('agent.disconnected', { host: ref.hostId })
        wake(ref)
      }
      // A generator that stands at its `yield` does not hear that the agent is gone.
      context.signal.addEventListener('abort', leave, { once: true })
      try {
        for (;;) {
          const next = await stream.next(context.signal)
          if (next === undefined) return
          yield next === 'alive' ? {} : { order: orderMessage(next, clock.now()) }
        }
      } finally {
        context.signal.removeEventListener('abort', leave)
        leave()
      }
    },

    async reportDetection(report, context) {
      const { ref, host } = await bound(report.hostUuid, context)
      const detection = readReport(report, clock.now())
      const guid = detection.amtGuid
      const connected = guid !== undefined && (await control.presence(ref.project, guid, context.signal)) !== undefined
      const change = (row: Host) => {
        const detected = detectionChange(row, detection, report, report.orderId !== '', busy(ref), connected)
        return { ...detected, ...withoutConflict(row) }
      }
      const fresh = [
        guid === host.amtGuid ? undefined : guid,
        host.uuid === undefined ? parseGuid(report.hostUuid) : undefined,
      ]
      const look = () => findConflict(ref, fresh, deps, context.signal)
      let conflict = await look()
      if (conflict === undefined)
        try {
          await inventory.changeHost(ref.project, ref.hostId, change, context.signal)
        } catch (error) {
          // Somebody else has said the same in this moment.
          if (!(error instanceof Fault) || error.kind !== 'conflict') throw error
          conflict = await look()
          if (conflict === undefined) throw error
        }
      // What was found is kept; the identity is not taken over.
      await settleConflict(host, conflict, { detection }, deps, context.signal)
      events.emit('agent.reported', { host: ref.hostId, support: detection.support, reason: detection.reason })
      if (report.orderId !== '') desk.report(ref, report.orderId, { state: 'succeeded' })
      wake(ref)
      return {}
    },

    async reportOrder(report, context) {
      const { ref } = await bound(report.hostUuid, context)
      const state = STATE[report.state]
      if (state === undefined || report.orderId === '') return {}
      const failure = state === 'failed' ? { fault: reportedFault(report) } : {}
      if (desk.report(ref, report.orderId, { state, ...failure })) wake(ref)
      return {}
    },
  }
}

const orderMessage = (order: AgentOrder, now: number) => {
  const alias = order.alias?.reveal() ?? ''
  return {
    orderId: order.id,
    operationId: order.operationId,
    kind: KIND[order.kind],
    profileName: order.kind === 'activate' ? alias : '',
    // RPC wants a password wherever the device is activated already, as after an activation that broke off.
    actionPassword: alias,
    deadlineSeconds: Math.max(1, Math.ceil((order.deadline - now) / 1000)),
  }
}
