import { binary, cimClass, datetime, flag, integer, method, secretText, text } from '../../wsman/cim.ts'

/** Commits pending settings and takes the device back to factory state (reference/amt-firmware.md 8.2). */
export const AMT_SetupAndConfigurationService = cimClass('AMT_SetupAndConfigurationService', {
  properties: {
    CreationClassName: text,
    ElementName: text,
    EnabledState: integer,
    InstallDate: datetime,
    Name: text,
    PasswordModel: integer,
    ProvisioningMode: integer,
    ProvisioningServerOTP: binary,
    ProvisioningState: integer,
    RequestedState: integer,
    SystemCreationClassName: text,
    SystemName: text,
    ZeroTouchConfigurationEnabled: flag,
  },
  methods: {
    CommitChanges: method({}),
    /** `ProvisioningMode` 1. The tunnel and the account this came by are gone after it. */
    Unprovision: method({ ProvisioningMode: integer }, {}, { once: true }),
    PartialUnprovision: method({}, {}, { once: true }),
    /** The answer has no ReturnValue on some firmware. */
    GetUuid: method({}, { UUID: binary }),
    SetMEBxPassword: method({ Password: secretText }),
  },
})
