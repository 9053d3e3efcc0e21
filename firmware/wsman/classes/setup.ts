import {
  AMT_GeneralSettings,
  AMT_SetupAndConfigurationService,
  IPS_HostBasedSetupService,
} from '@outrider/protocols/amt'
import { guidToSmbios } from '@outrider/protocols/values'
import { type AuditEvent, audit } from '../../audit/audit-log.ts'
import { endSetupAttempt } from '../../device.ts'
import { setUpAdmin, upgradeToAdmin } from '../../provisioning/admin-setup.ts'
import { addToChain, CHAIN } from '../../provisioning/certificate-chain.ts'
import { chainCircumstances, commitSecureSetup, mayOwn } from '../../provisioning/secure-setup.ts'
import { partialUnprovision, setUpClient, UNPROVISIONED_BY, unprovision } from '../../provisioning/setup.ts'
import type { TlsSettings } from '../../state/flash-state.ts'
import { serviceKeys } from '../instance-names.ts'
import { type Call, classModel, refuse, returns } from '../model.ts'

const GENERAL = 'Intel(r) AMT: General Settings'
const SETUP = 'Intel(r) AMT Setup and Configuration Service'
const HOST_BASED = 'Intel(r) AMT Host Based Setup Service'

const NOT_PERMITTED = 16
const INVALID_PASSWORD = 2054
const DATA_MISSING = 2057

/** Announces a change of control mode once it is in flash, and restarts the local stack once it is answered. */
const modeChanged = (call: Call, from: number): void => {
  const { device } = call
  endSetupAttempt(device)
  call.restartStack()
  call.afterReply(() => {
    device.events.emit('controlMode', { from, to: device.store.now.settings.controlMode })
  })
}

/** TLS of one side as the audit log writes it: none, server, mutual. */
const tlsCode = ({ enabled, mutual }: TlsSettings): number => (enabled ? (mutual ? 2 : 1) : 0)

/** Pending TLS settings and the certificate come into force; a certificate that is needed must be there: 2057. */
const commitTls = (call: Call): number => {
  const { state, device, caller } = call
  const { settings } = state
  const { pending } = settings.tls
  const certificate = settings.tlsCredential?.certificate ?? null
  if (pending !== null) {
    // Where a side may do without TLS, nothing was made for it.
    const { remoteTls, localTls } = device.quirks
    const needed =
      (pending.local.enabled && localTls === 'optional') || (pending.remote.enabled && remoteTls === 'optional')
    if (needed && certificate === null) return DATA_MISSING
    settings.tls = { ...pending, pending: null }
    audit(state, device, 'tlsState', caller, Uint8Array.of(tlsCode(pending.remote), tlsCode(pending.local)))
  }
  settings.tlsCertificate = certificate
  if (device.quirks.localTls === 'enforced') {
    settings.selfSigned = null
    call.restartStack()
  }
  return 0
}

const attemptOf = ({ device: { volatile } }: Call) => ({ chain: volatile.chain, nonce: volatile.setupNonce })

/** After an attempt at setup: each attempt uses its nonce up, and one that succeeded is told and audited. */
const finishSetup = (call: Call, status: number, from: number, events: readonly AuditEvent[]): number => {
  const { device, state, caller } = call
  if (status !== 0) {
    device.volatile.setupNonce = device.random(20)
    return status
  }
  for (const event of events) audit(state, device, event, caller)
  modeChanged(call, from)
  return status
}

const finishUnprovision = (call: Call, status: number, from: number): number => {
  if (status !== 0) return status
  const { device, state, caller } = call
  const by = caller.way === 'local' ? UNPROVISIONED_BY.local : UNPROVISIONED_BY.remote
  audit(state, device, 'unprovisioningStarted', caller, Uint8Array.of(by))
  modeChanged(call, from)
  return status
}

export const strongPassword = (password: string): boolean =>
  password.length >= 8 &&
  password.length <= 32 &&
  /[a-z]/.test(password) &&
  /[A-Z]/.test(password) &&
  /\d/.test(password) &&
  /[^A-Za-z0-9]/.test(password) &&
  /^[\x20-\x7e]*$/.test(password)

export const setupClasses = [
  classModel(AMT_GeneralSettings, {
    subject: 'general',
    instances: ({ state }) => [
      {
        ...state.settings.general,
        DigestRealm: state.settings.digestRealm,
        ElementName: GENERAL,
        InstanceID: GENERAL,
        NetworkInterfaceEnabled: true,
        OemID: '',
        PowerSource: 0,
        PrivacyLevel: 0,
      },
    ],
    put: (call, instance) => {
      // Both are required in a Put; a HostName of more than 63 characters is none.
      if (instance.PingResponseEnabled === undefined || instance.WsmanOnlyMode === undefined)
        return refuse('InvalidRepresentation')
      if ((instance.HostName ?? '').length > 63 || (instance.DomainName ?? '').length > 191)
        return refuse('InvalidRepresentation')
      const { general } = call.state.settings
      const given = instance as Readonly<Record<string, string | number | boolean | undefined>>
      for (const name of Object.keys(general)) general[name] = given[name] ?? general[name]!
      return undefined
    },
  }),

  classModel(AMT_SetupAndConfigurationService, {
    subject: 'setup',
    instances: ({ state: { settings } }) => [
      {
        ...serviceKeys(AMT_SetupAndConfigurationService, SETUP),
        ElementName: SETUP,
        EnabledState: 5,
        PasswordModel: 1,
        ProvisioningMode: settings.controlMode === 1 ? 4 : 1,
        ProvisioningServerOTP: new Uint8Array(32),
        ProvisioningState: settings.provisioningState,
        RequestedState: 12,
        ZeroTouchConfigurationEnabled: true,
      },
    ],
    methods: {
      CommitChanges: (call) => {
        if (call.state.settings.provisioningState !== 1) return returns(commitTls(call))
        const status = commitSecureSetup(call.state, call.caller)
        if (status !== 0) return returns(status)
        return returns(finishSetup(call, 0, 0, ['provisioningStarted', 'provisioningCompleted']))
      },
      Unprovision: (call, { ProvisioningMode }) => {
        const from = call.state.settings.controlMode
        const status = unprovision(call.state, ProvisioningMode, call.caller, call.device)
        return returns(finishUnprovision(call, status, from))
      },
      PartialUnprovision: (call) => {
        const from = call.state.settings.controlMode
        const status = partialUnprovision(call.state, call.device)
        return returns(finishUnprovision(call, status, from))
      },
      GetUuid: ({ device }) => ({ UUID: guidToSmbios(device.identity.uuid), ReturnValue: 0 }),
      SetMEBxPassword: ({ state, caller }, { Password }) => {
        const owner = state.settings.controlMode === 2 || mayOwn(state, caller)
        if (!owner) return returns(NOT_PERMITTED)
        if (Password === undefined || !strongPassword(Password.reveal())) return returns(INVALID_PASSWORD)
        state.settings.mebxPassword = Password.reveal()
        state.counters.setMebxPassword++
        return returns(0)
      },
    },
  }),

  classModel(IPS_HostBasedSetupService, {
    subject: 'setup',
    instances: ({ state: { settings }, device }) => [
      {
        ...serviceKeys(IPS_HostBasedSetupService, HOST_BASED),
        AllowedControlModes: [2, 1],
        CertChainStatus: device.volatile.chain.status,
        ConfigurationNonce: device.volatile.setupNonce,
        CurrentControlMode: settings.controlMode,
        ElementName: HOST_BASED,
      },
    ],
    methods: {
      Setup: (call, { NetAdminPassEncryptionType, NetworkAdminPassword }) => {
        const status = setUpClient(
          call.state,
          { encryptionType: NetAdminPassEncryptionType, password: NetworkAdminPassword?.reveal() },
          call.caller,
        )
        return returns(finishSetup(call, status, 0, ['provisioningStarted', 'provisioningCompleted']))
      },
      AddNextCertInChain: ({ state, device }, { NextCertificate, IsLeafCertificate, IsRootCertificate }) => {
        const { volatile } = device
        if (state.settings.controlMode === 2) return returns(CHAIN.invalidState)
        const { returnValue, chain } = addToChain(
          volatile.chain,
          { certificate: NextCertificate, isLeaf: IsLeafCertificate === true, isRoot: IsRootCertificate === true },
          chainCircumstances(device, state),
        )
        volatile.chain = chain
        return returns(returnValue)
      },
      AdminSetup: (call, input) => {
        const status = setUpAdmin(
          call.state,
          { encryptionType: input.NetAdminPassEncryptionType, password: input.NetworkAdminPassword?.reveal() },
          { mcNonce: input.McNonce, algorithm: input.SigningAlgorithm, signature: input.DigitalSignature },
          attemptOf(call),
        )
        return returns(finishSetup(call, status, 0, ['provisioningStarted', 'provisioningCompleted']))
      },
      UpgradeClientToAdmin: (call, { McNonce, SigningAlgorithm, DigitalSignature }) => {
        const status = upgradeToAdmin(
          call.state,
          { mcNonce: McNonce, algorithm: SigningAlgorithm, signature: DigitalSignature },
          attemptOf(call),
        )
        return returns(finishSetup(call, status, 1, ['upgradedToAdmin']))
      },
    },
  }),
]
