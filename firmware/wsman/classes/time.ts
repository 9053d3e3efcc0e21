import { AMT_TimeSynchronizationService } from '@outrider/protocols/amt'
import { seconds } from '@outrider/protocols/values'
import { audit } from '../../audit/audit-log.ts'
import { deviceNow } from '../../device.ts'
import { serviceKeys } from '../instance-names.ts'
import { classModel, returns } from '../model.ts'

const SERVICE = 'Intel(r) AMT Time Synchronization Service'
const INVALID_PARAMETER = 36

export const timeClasses = [
  classModel(AMT_TimeSynchronizationService, {
    subject: 'general',
    instances: ({ state: { settings } }) => [
      {
        ...serviceKeys(AMT_TimeSynchronizationService, SERVICE),
        ElementName: SERVICE,
        EnabledState: 5,
        LocalTimeSyncEnabled: settings.time.syncState,
        RequestedState: 12,
        TimeSource: settings.time.configured ? 1 : 0,
      },
    ],
    methods: {
      GetLowAccuracyTimeSynch: ({ device, state }) => ({
        Ta0: Math.floor(deviceNow(device, state) / 1000),
        ReturnValue: 0,
      }),
      // Ta0 is what the device said, Tm1 the client's time when it heard it, Tm2 the client's time now.
      SetHighAccuracyTimeSynch: ({ state, device, caller }, { Ta0, Tm1, Tm2 }) => {
        const { settings } = state
        if (Ta0 === undefined || Tm1 === undefined || Tm2 === undefined || Tm2 < Tm1) return returns(INVALID_PARAMETER)
        settings.time.offset += seconds(Tm1 - Ta0)
        settings.time.configured = true
        const told = new Uint8Array(4)
        new DataView(told.buffer).setUint32(0, Math.floor(deviceNow(device, state) / 1000))
        audit(state, device, 'timeSet', caller, told)
        return returns(0)
      },
    },
  }),
]
