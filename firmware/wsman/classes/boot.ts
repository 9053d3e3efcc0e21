import {
  AMT_BootCapabilities,
  AMT_BootSettingData,
  BOOT_ROLE,
  CIM_BootConfigSetting,
  CIM_BootService,
  CIM_BootSourceSetting,
} from '@outrider/protocols/amt'
import { fromBase64, secret, toBase64 } from '@outrider/protocols/values'
import { audit } from '../../audit/audit-log.ts'
import type { BootOptions, FieldValue } from '../../state/flash-state.ts'
import { selectorText, serviceKeys } from '../instance-names.ts'
import { classModel, refuse, returns, type View } from '../model.ts'

// Boot options (amt-firmware.md 8.6, 10.3).

const CONFIGURATION = 'Intel(r) AMT: Boot Configuration'
const CONFIGURATION_0 = 'Intel(r) AMT: Boot Configuration 0'
const SERVICE = 'Intel(r) AMT Boot Service'
const SETTINGS = 'Intel(r) AMT:BootSettingData 0'

const INVALID_REFERENCE = 4
const INVALID_PARAMETER = 5
const NOT_SUPPORTED = 1

const sources = [
  ['Intel(r) AMT: Force Hard-drive Boot', 'CIM:Hard-Disk:1'],
  ['Intel(r) AMT: Force PXE Boot', 'CIM:Network:1'],
  ['Intel(r) AMT: Force CD/DVD Boot', 'CIM:CD/DVD:1'],
] as const

/** Only one of these at a time, and none together with a source. */
const EXCLUSIVE = ['BIOSPause', 'BIOSSetup', 'ReflashBIOS'] as const

const consentMissing = ({ state, device }: View): boolean =>
  state.settings.optIn.required === 4294967295 && device.volatile.consent.state < 3

const stored = (settings: BootOptions['settings']): Readonly<Record<string, unknown>> => ({
  ...settings,
  UefiBootParametersArray: fromBase64(String(settings.UefiBootParametersArray ?? '')) ?? new Uint8Array(0),
})

export const bootClasses = [
  classModel(AMT_BootCapabilities, {
    subject: 'power',
    instances: ({ device }) => {
      const full = device.identity.sku === 'amt'
      return [
        {
          AMTSecureBootControl: true,
          BIOSPause: false,
          BIOSReflash: true,
          BIOSSecureBoot: true,
          BIOSSetup: true,
          ConfigurationDataReset: false,
          ElementName: 'Intel(r) AMT: Boot Capabilities',
          ForceCDorDVDBoot: true,
          ForceDiagnosticBoot: false,
          ForceHardDriveBoot: true,
          ForceHardDriveSafeModeBoot: false,
          ForcePXEBoot: true,
          ForceUEFIHTTPSBoot: false,
          ForceUEFIPBABoot: false,
          ForceWinREBoot: false,
          ForcedProgressEvents: true,
          IDER: true,
          InstanceID: 'Intel(r) AMT:BootCapabilities 0',
          KeyboardLock: true,
          PlatformErase: full ? 1 : 0,
          PowerButtonLock: false,
          ResetButtonLock: false,
          SOL: true,
          SecureErase: false,
          SleepButtonLock: false,
          UEFIWiFiCoExistenceAndProfileShare: false,
          UserPasswordBypass: true,
          VerbosityQuiet: false,
          VerbosityScreenBlank: false,
          VerbosityVerbose: false,
        },
      ]
    },
  }),

  classModel(AMT_BootSettingData, {
    subject: 'power',
    instances: ({ state: { settings } }) => [
      {
        ...stored(settings.boot.settings),
        BIOSLastStatus: settings.boot.lastStatus,
        BootguardStatus: 127,
        ElementName: 'Intel(r) AMT Boot Configuration Settings',
        InstanceID: SETTINGS,
        OwningEntity: 'Intel(r) AMT',
        RPEEnabled: false,
        RSEPassword: secret(''),
        SecureBootControlEnabled: true,
        UEFIHTTPSBootEnabled: false,
        UEFILocalPBABootEnabled: false,
        WinREBootEnabled: false,
      },
    ],
    put: ({ state: { settings } }, instance) => {
      const { boot } = settings
      if (boot.source !== null && EXCLUSIVE.some((name) => instance[name] === true))
        return refuse('InvalidRepresentation')
      // One-click recovery armed: erasing the platform must be asked for in another service state.
      if ((boot.serviceState === 32769 || boot.serviceState === 32771) && instance.PlatformErase === true)
        return refuse('InvalidRepresentation')
      const given = instance as Readonly<Record<string, unknown>>
      for (const name of Object.keys(boot.settings)) {
        const value = given[name]
        if (value === undefined || name === 'OptionsCleared') continue
        boot.settings[name] = value instanceof Uint8Array ? toBase64(value) : (value as FieldValue)
      }
      boot.settings.OptionsCleared = false
      return undefined
    },
  }),

  classModel(CIM_BootConfigSetting, {
    subject: 'power',
    instances: () => [{ ElementName: CONFIGURATION, InstanceID: CONFIGURATION_0 }],
    methods: {
      ChangeBootOrder: ({ state, device }, { Source }) => {
        const { boot } = state.settings
        const name = selectorText(Source, 'InstanceID')
        if (Source === undefined || name === '') {
          boot.source = null
          return returns(0)
        }
        if (!sources.some(([each]) => each === name)) return returns(INVALID_REFERENCE)
        if (consentMissing({ state, device })) return refuse('AccessDenied')
        // The option for a redirected drive stays in force; everything that stops in BIOS excludes a source.
        if (
          boot.settings.UseSOL === true ||
          boot.settings.UseIDER === true ||
          EXCLUSIVE.some((each) => boot.settings[each] === true)
        )
          return returns(INVALID_PARAMETER)
        boot.source = name!
        return returns(0)
      },
    },
  }),

  classModel(CIM_BootService, {
    subject: 'power',
    instances: ({ state }) => [
      {
        ...serviceKeys(CIM_BootService, SERVICE),
        ElementName: SERVICE,
        EnabledState: state.settings.boot.serviceState,
        OperationalStatus: 0,
        RequestedState: 12,
      },
    ],
    methods: {
      SetBootConfigRole: ({ state, device, caller }, { BootConfigSetting, Role }) => {
        const configuration = selectorText(BootConfigSetting, 'InstanceID')
        if (configuration !== undefined && configuration !== CONFIGURATION_0) return returns(INVALID_REFERENCE)
        if (Role !== BOOT_ROLE.isNextSingleUse && Role !== BOOT_ROLE.isNotNext) return returns(INVALID_PARAMETER)
        state.settings.boot.nextSingleUse = Role === BOOT_ROLE.isNextSingleUse
        if (Role === BOOT_ROLE.isNextSingleUse) {
          state.counters.bootOptionsSet++
          audit(state, device, 'bootOptionsSet', caller)
        }
        return returns(0)
      },
      RequestStateChange: ({ state, device }, { RequestedState }) => {
        if (device.identity.sku !== 'amt') return refuse('ActionNotSupported')
        if (RequestedState === undefined || RequestedState < 32768 || RequestedState > 32771)
          return returns(NOT_SUPPORTED)
        state.settings.boot.serviceState = RequestedState
        return returns(0)
      },
    },
  }),

  classModel(CIM_BootSourceSetting, {
    subject: 'power',
    instances: () =>
      sources.map(([InstanceID, StructuredBootString]) => ({
        ElementName: 'Intel(r) AMT: Boot Source',
        FailThroughSupported: 2,
        InstanceID,
        StructuredBootString,
      })),
  }),
]
