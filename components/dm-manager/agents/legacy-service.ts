import type { HandlerContext, ServiceImpl } from '@connectrpc/connect'
import type { Detection, Host } from '@outrider/domain/hosts'
import { orderFailed } from '@outrider/domain/reconcile'
import { deviceManagement } from '@outrider/protocols/grpc'
import { seconds } from '@outrider/protocols/values'
import { dmManagerFaults } from '../faults.ts'
import type { AgentDeps } from './agent-service.ts'
import { bind } from './bind.ts'

const { ActivationStatus, AMTStatus, OperationType } = deviceManagement
const FEATURE: Readonly<Record<string, Detection['support']>> = { AMT: 'amt', ISM: 'ism' }
/** How long a poll waits for an order that is just being made. */
const ORDER_WAIT = seconds(3)

/** The three calls existing agents poll with: their conditions, codes and texts (reference/emf-code.md 1.6.2). */
export const legacyService = (deps: AgentDeps): ServiceImpl<typeof deviceManagement.DeviceManagement> => {
  const { inventory, clock, events, desk, wake, busy } = deps
  const bound = (uuid: string, { values, signal }: HandlerContext) => bind(values, uuid, inventory, signal)

  return {
    async reportAMTStatus({ hostId: uuid, status, feature }, context) {
      const { ref } = await bound(uuid, context)
      const found = statusDetection(status, feature, clock.now())
      const enabled = found.support !== 'unsupported'
      const change = (host: Host) => {
        const { detection } = host
        const isEnabled = detection?.support === 'amt' || detection?.support === 'ism'
        if (detection !== undefined && isEnabled === enabled)
          throw dmManagerFaults.AMT_STATUS_UNCHANGED({ status: enabled ? 'enabled' : 'disabled', uuid })
        return { detection: { ...detection, ...found } }
      }
      await inventory.changeHost(ref.project, ref.hostId, change, context.signal)
      events.emit('agent.reported', { host: ref.hostId, support: found.support, reason: found.reason })
      wake(ref)
      return {}
    },

    async retrieveActivationDetails({ hostId: uuid }, context) {
      const { ref, host } = await bound(uuid, context)
      const { listening } = desk.agent(ref)
      desk.polled(ref)
      if (!listening) wake(ref)
      const order = busy(ref) ? await desk.orderWithin(ref, ORDER_WAIT, context.signal) : undefined
      if (order?.alias === undefined || order.kind === 'detect')
        throw dmManagerFaults.NO_ORDER({ state: `AMT_STATE_${host.currentAmt.toUpperCase()}` })
      const alias = order.alias.reveal()
      return {
        hostId: uuid,
        operation: order.kind === 'activate' ? OperationType.ACTIVATE : OperationType.DEACTIVATE,
        profileName: order.kind === 'activate' ? alias : '',
        actionPassword: alias,
      }
    },

    async reportActivationResults({ hostId: uuid, activationStatus, message }, context) {
      const { ref } = await bound(uuid, context)
      const report = resultReport(activationStatus, message)
      const order = desk.current(ref)
      if (order === undefined || !desk.report(ref, order.id, report))
        throw dmManagerFaults.ACTIVATION_RESULT_UNEXPECTED({ uuid })
      wake(ref)
      return {}
    },
  }
}

/** Throws `AMT_STATUS_INVALID`, `AMT_FEATURE_INVALID`. */
const statusDetection = (status: deviceManagement.AMTStatus, feature: string, at: number): Detection => {
  switch (status) {
    case AMTStatus.ENABLED: {
      const support = FEATURE[feature]
      if (support === undefined) throw dmManagerFaults.AMT_FEATURE_INVALID({ feature: feature.slice(0, 40) })
      return { support, reason: `${feature}_ENABLED`, message: `The agent reports ${feature}.`, at }
    }
    case AMTStatus.DISABLED:
      return { support: 'unsupported', reason: 'AMT_DISABLED', message: 'the agent reports AMT to be disabled', at }
    default:
      throw dmManagerFaults.AMT_STATUS_INVALID({ status: String(status) })
  }
}

/** Throws `ACTIVATION_RESULT_INVALID`. */
const resultReport = (status: deviceManagement.ActivationStatus, message: string) => {
  switch (status) {
    case ActivationStatus.ACTIVATING:
      return { state: 'running' } as const
    case ActivationStatus.ACTIVATED:
      return { state: 'succeeded' } as const
    case ActivationStatus.ACTIVATION_FAILED: {
      const said = message === '' ? 'the agent gave no reason' : message.slice(0, 500)
      return { state: 'failed', fault: orderFailed('ACTIVATION_FAILED', said) } as const
    }
    default:
      throw dmManagerFaults.ACTIVATION_RESULT_INVALID({ status: String(status) })
  }
}
