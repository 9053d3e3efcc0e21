import { cimClass, flag, integer, text } from '../../wsman/cim.ts'

/** Which boot options this machine's BIOS obeys (reference/amt-firmware.md 8.6). */
export const AMT_BootCapabilities = cimClass('AMT_BootCapabilities', {
  properties: {
    AMTSecureBootControl: flag,
    BIOSPause: flag,
    BIOSReflash: flag,
    BIOSSecureBoot: flag,
    BIOSSetup: flag,
    ConfigurationDataReset: flag,
    ElementName: text,
    ForceCDorDVDBoot: flag,
    ForceDiagnosticBoot: flag,
    ForceHardDriveBoot: flag,
    ForceHardDriveSafeModeBoot: flag,
    ForcePXEBoot: flag,
    ForceUEFIHTTPSBoot: flag,
    ForceUEFIPBABoot: flag,
    ForceWinREBoot: flag,
    ForcedProgressEvents: flag,
    IDER: flag,
    InstanceID: text,
    KeyboardLock: flag,
    /** Bit mask of what can be erased, from 16.0 on. */
    PlatformErase: integer,
    PowerButtonLock: flag,
    ResetButtonLock: flag,
    SOL: flag,
    SecureErase: flag,
    SleepButtonLock: flag,
    UEFIWiFiCoExistenceAndProfileShare: flag,
    UserPasswordBypass: flag,
    VerbosityQuiet: flag,
    VerbosityScreenBlank: flag,
    VerbosityVerbose: flag,
  },
})
