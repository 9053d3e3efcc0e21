import { cimClass, datetime, integer, method, text } from '../../wsman/cim.ts'

/** The device's clock, in seconds since 1970 (reference/amt-firmware.md 8.15). */
export const AMT_TimeSynchronizationService = cimClass('AMT_TimeSynchronizationService', {
  properties: {
    CreationClassName: text,
    ElementName: text,
    EnabledState: integer,
    InstallDate: datetime,
    LocalTimeSyncEnabled: integer,
    Name: text,
    RequestedState: integer,
    SystemCreationClassName: text,
    SystemName: text,
    TimeSource: integer,
  },
  methods: {
    GetLowAccuracyTimeSynch: method({}, { Ta0: integer }),
    /** `Ta0` as just read, `Tm1` our time when it came, `Tm2` our time now. */
    SetHighAccuracyTimeSynch: method({ Ta0: integer, Tm1: integer, Tm2: integer }),
  },
})
