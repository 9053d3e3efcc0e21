import {
  CIM_AssociatedPowerManagementService,
  CIM_ComputerSystem,
  CIM_PowerManagementService,
  CIM_ServiceAvailableToElement,
  IPS_PowerManagementService,
  MANAGED_SYSTEM,
  OS_POWER_SAVING,
  POWER_STATE,
} from '@outrider/protocols/amt'
import type { InstanceOf } from '@outrider/protocols/wsman'
import { type AuditEvent, audit } from '../../audit/audit-log.ts'
import { powerSituation } from '../../power/host.ts'
import { availablePowerStates } from '../../power/power-table.ts'
import { AMT_SYSTEM, MANAGED_SYSTEM_NAME, refer, serviceKeys } from '../instance-names.ts'
import { classModel, returns, type View } from '../model.ts'

const POWER = 'Intel(r) AMT Power Management Service'

const INVALID_PARAMETER = 5
const INVALID_STATE_TRANSITION = 4097

/** What the audit log calls each request. */
const AUDITED: Readonly<Record<number, AuditEvent>> = {
  2: 'poweredUp',
  4: 'standby',
  5: 'powerCycled',
  7: 'hibernated',
  8: 'poweredDown',
  10: 'reset',
  11: 'interrupted',
  12: 'poweredDownGracefully',
  14: 'resetGracefully',
}

const association = ({ state }: View): InstanceOf<typeof CIM_AssociatedPowerManagementService> => {
  const { pending, requested, power } = state.host
  return {
    AvailableRequestedPowerStates: availablePowerStates(powerSituation(state)),
    PowerState: power,
    ServiceProvided: refer(CIM_PowerManagementService, serviceKeys(CIM_PowerManagementService, POWER)),
    UserOfService: MANAGED_SYSTEM,
    ...(requested === null ? {} : { RequestedPowerState: requested }),
    ...(pending === null ? {} : { TransitioningToPowerState: pending.steps.at(-1)!.power }),
  }
}

const service = (cls: typeof CIM_PowerManagementService | typeof IPS_PowerManagementService) => ({
  ...serviceKeys(cls, POWER),
  ElementName: POWER,
  EnabledState: 5,
  RequestedState: 12,
})

export const powerClasses = [
  classModel(CIM_PowerManagementService, {
    subject: 'power',
    instances: () => [service(CIM_PowerManagementService)],
    methods: {
      RequestPowerStateChange: (call, { PowerState }) => {
        if (PowerState === undefined) return returns(INVALID_PARAMETER)
        const { host } = call.device
        const status = host.request(call.state, PowerState)
        if (status !== 0) return returns(status)
        const event = AUDITED[PowerState]
        if (event !== undefined) audit(call.state, call.device, event, call.caller)
        call.afterCommit(() => host.settle())
        return returns(0)
      },
    },
  }),
  classModel(CIM_AssociatedPowerManagementService, {
    subject: 'power',
    instances: (view) => [association(view)],
  }),
  classModel(CIM_ServiceAvailableToElement, {
    subject: 'power',
    element: CIM_AssociatedPowerManagementService,
    instances: (view) => [association(view)],
  }),
  classModel(IPS_PowerManagementService, {
    subject: 'power',
    instances: ({ state }) => [
      { ...service(IPS_PowerManagementService), OSPowerSavingState: state.host.osPowerSaving },
    ],
    methods: {
      RequestOSPowerSavingStateChange: ({ state }, { OSPowerSavingState: wanted }) => {
        if (wanted !== OS_POWER_SAVING.fullPower && wanted !== OS_POWER_SAVING.saving) return returns(INVALID_PARAMETER)
        if (state.host.power !== POWER_STATE.on) return returns(INVALID_STATE_TRANSITION)
        // A machine without modern standby says "unsupported" and stays there.
        if (state.host.osPowerSaving === OS_POWER_SAVING.unsupported) return returns(1)
        state.host.osPowerSaving = wanted
        state.counters.osPowerSaving++
        return returns(0)
      },
    },
  }),
  classModel(CIM_ComputerSystem, {
    subject: 'general',
    instances: () =>
      [MANAGED_SYSTEM_NAME, AMT_SYSTEM].map((Name) => ({
        CreationClassName: 'CIM_ComputerSystem',
        ElementName: Name === AMT_SYSTEM ? 'Intel(r) AMT Subsystem' : 'Managed System',
        EnabledState: 5,
        Name,
        RequestedState: 12,
      })),
  }),
]
