import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import {
  AMT_AuthorizationService,
  AMT_BootSettingData,
  AMT_EnvironmentDetectionSettingData,
  AMT_EthernetPortSettings,
  AMT_GeneralSettings,
  AMT_ManagementPresenceRemoteSAP,
  AMT_PublicKeyCertificate,
  AMT_PublicKeyManagementService,
  AMT_RedirectionService,
  AMT_RemoteAccessPolicyAppliesToMPS,
  AMT_RemoteAccessPolicyRule,
  AMT_RemoteAccessService,
  AMT_SetupAndConfigurationService,
  AMT_TLSSettingData,
  AMT_UserInitiatedConnectionService,
  BOOT_CONFIGURATION,
  CIM_BootConfigSetting,
  CIM_BootService,
  CIM_BootSourceSetting,
  CIM_KVMRedirectionSAP,
  CIM_PowerManagementService,
  IPS_HostBasedSetupService,
  IPS_HTTPProxyService,
  IPS_OptInService,
  MANAGED_SYSTEM,
} from '@outrider/protocols/amt'
import { secret, toBase64 } from '@outrider/protocols/values'
import type { Firmware } from '../index.ts'
import { type Authority, createAuthority } from '../test/authority.ts'
import { activate, configureCira, deadline, type Local, local, machine } from '../test/bench.ts'
import { call, refusal, refused } from '../test/refusals.ts'
import { exercised } from '../test/rule-book.ts'

const HA1 = '0123456789abcdef0123456789abcdef'
const setup = (NetworkAdminPassword: string, NetAdminPassEncryptionType = 2) => ({
  NetAdminPassEncryptionType,
  NetworkAdminPassword: secret(NetworkAdminPassword),
})
const server = {
  AccessInfo: '192.0.2.1',
  InfoFormat: 3,
  Port: 4433,
  AuthMethod: 2,
  Username: 'user',
  Password: secret('password'),
  CN: 'mps.example.com',
}
const power = (PowerState: number) => ({ PowerState, ManagedElement: MANAGED_SYSTEM })

describe('before anybody owns it', () => {
  test('setup takes an HA1 from the local account and nothing else', async (t) => {
    exercised(t, 'setup-password', 2)
    exercised(t, 'setup-state')
    exercised(t, 'admin-chain')
    exercised(t, 'chain-order')
    await using firmware = machine()
    await using os = await local(firmware)
    const service = IPS_HostBasedSetupService
    await refused(firmware, 3, () => call(os, service, 'Setup', setup(HA1, 1)))
    await refused(firmware, 3, () => call(os, service, 'Setup', setup('short')))
    await refused(firmware, 3, () => call(os, service, 'Setup', {}))
    await refused(firmware, 2, () => call(os, service, 'AdminSetup', setup(HA1)))
    await refused(firmware, 3, () => call(os, service, 'AddNextCertInChain', { NextCertificate: new Uint8Array(9) }))
    assert.equal(await call(os, service, 'Setup', setup(HA1)), 0)
    await refused(firmware, 2, () => call(os, service, 'Setup', setup(HA1)))
    assert.equal(firmware.counters.setup, 1)
  })

  test('the nonce is another one after each attempt', async (t) => {
    exercised(t, 'nonce-renewal')
    await using firmware = machine()
    await using os = await local(firmware)
    const nonce = async () =>
      toBase64((await os.wsman.get(IPS_HostBasedSetupService, {}, deadline())).ConfigurationNonce!)
    const first = await nonce()
    assert.equal(await nonce(), first)
    await call(os, IPS_HostBasedSetupService, 'Setup', {})
    assert.notEqual(await nonce(), first)
  })

  test('power, redirection and remote access are not for the local account', async () => {
    await using firmware = machine()
    await using os = await local(firmware)
    await refused(firmware, 'AccessDenied', () =>
      call(os, CIM_PowerManagementService, 'RequestPowerStateChange', power(8)),
    )
    await refused(firmware, 'AccessDenied', () =>
      call(os, AMT_RedirectionService, 'RequestStateChange', { RequestedState: 32771 }),
    )
    await refused(firmware, 'AccessDenied', () => call(os, AMT_RemoteAccessService, 'AddMpServer', server))
    await refused(firmware, 16, () =>
      call(os, AMT_SetupAndConfigurationService, 'Unprovision', { ProvisioningMode: 1 }),
    )
  })
})

describe('in client control mode', () => {
  let authority: Authority
  before(async () => {
    authority = await createAuthority('rules root')
  })
  const owned = async (
    act: (firmware: Firmware, os: Local) => Promise<void>,
    options: Parameters<typeof machine>[0] = {},
  ): Promise<void> => {
    await using firmware = machine(options)
    await using os = await local(firmware)
    await activate(os)
    await act(firmware, os)
  }

  test('consent is required for all, and that cannot be changed', (t) =>
    owned(async (firmware, os) => {
      exercised(t, 'setup-effects')
      const optIn = await os.wsman.get(IPS_OptInService, {}, deadline())
      assert.equal(optIn.OptInRequired, 4294967295)
      assert.equal(optIn.CanModifyOptInPolicy, 0)
      await refused(firmware, 'AccessDenied', () =>
        refusal(os.wsman.put(IPS_OptInService, { ...optIn, OptInRequired: 0 }, {}, deadline())),
      )
    }))

  test('power requests that are refused leave the counters alone', () =>
    owned(async (firmware, os) => {
      for (const [request, status] of [
        [3, 1],
        [12, 2],
        [99, 5],
      ] as const)
        await refused(firmware, status, () =>
          call(os, CIM_PowerManagementService, 'RequestPowerStateChange', power(request)),
        )
      await refused(firmware, 5, () => call(os, CIM_PowerManagementService, 'RequestPowerStateChange', {}))
    }))

  test('a MEBx password is for admin control mode', () =>
    owned(async (firmware, os) => {
      await refused(firmware, 16, () =>
        call(os, AMT_SetupAndConfigurationService, 'SetMEBxPassword', { Password: secret('Strong1!Password') }),
      )
      await refused(firmware, 36, () =>
        call(os, AMT_SetupAndConfigurationService, 'Unprovision', { ProvisioningMode: 3 }),
      )
    }))

  test('the administrator has a new password from a digest of 16 bytes', () =>
    owned(async (firmware, os) => {
      const service = AMT_AuthorizationService
      const good = secret(toBase64(new Uint8Array(16).fill(7)))
      await refused(firmware, 12, () =>
        call(os, service, 'SetAdminAclEntryEx', { Username: 'root', DigestPassword: good }),
      )
      await refused(firmware, 2054, () =>
        call(os, service, 'SetAdminAclEntryEx', { Username: 'admin', DigestPassword: secret('AAAA') }),
      )
      assert.equal(await call(os, service, 'SetAdminAclEntryEx', { Username: 'admin', DigestPassword: good }), 0)
      assert.equal(firmware.device.store.now.settings.adminHa1, '07'.repeat(16))
      assert.equal(firmware.counters.setAdminPassword, 1)
      // The old password is worth nothing from now on.
      await assert.rejects(os.wsman.get(AMT_GeneralSettings, {}, deadline()), { code: 'WSMAN_UNAUTHORIZED' })
    }))

  test('servers, policies and roots: malformed, duplicate and too many are refused', (t) =>
    owned(async (firmware, os) => {
      exercised(t, 'self-8', 3)
      const remote = AMT_RemoteAccessService
      for (const wrong of [
        { Port: 0 },
        { Port: 70000 },
        { InfoFormat: 5 },
        { AuthMethod: 3 },
        { AuthMethod: 1 },
        { Username: 'a name that is too long' },
        { Password: secret('a password that is too long') },
        { AccessInfo: '' },
      ])
        await refused(firmware, 36, () => call(os, remote, 'AddMpServer', { ...server, ...wrong }))
      assert.equal(await call(os, remote, 'AddMpServer', server), 0)
      await refused(firmware, 2058, () => call(os, remote, 'AddMpServer', server))
      for (let more = 1; more < 6; more++)
        assert.equal(await call(os, remote, 'AddMpServer', { ...server, Port: 4433 + more }), 0)
      await refused(firmware, 23, () => call(os, remote, 'AddMpServer', { ...server, Port: 5000 }))

      const MpServer = {
        resourceUri: AMT_ManagementPresenceRemoteSAP.uri,
        selectors: { Name: 'Intel(r) AMT:Management Presence Server 0' },
      }
      const rule = { Trigger: 2, TunnelLifeTime: 0, ExtendedData: new Uint8Array(8), MpServer }
      const add = (input: Partial<typeof rule>) => call(os, remote, 'AddRemoteAccessPolicyRule', { ...rule, ...input })
      await refused(firmware, 36, () => add({ Trigger: 3 }))
      await refused(firmware, 36, () => add({ ExtendedData: new Uint8Array(2) }))
      await refused(firmware, 36, () =>
        add({ MpServer: { ...MpServer, selectors: { Name: 'Intel(r) AMT:Management Presence Server 9' } } }),
      )
      assert.equal(await add({}), 0)
      await refused(firmware, 2058, () => add({}))

      const keys = AMT_PublicKeyManagementService
      const root = { CertificateBlob: authority.der }
      await refused(firmware, 2063, () =>
        call(os, keys, 'AddTrustedRootCertificate', { CertificateBlob: new Uint8Array(40) }),
      )
      assert.equal(await call(os, keys, 'AddTrustedRootCertificate', root), 0)
      await refused(firmware, 2058, () => call(os, keys, 'AddTrustedRootCertificate', root))
      const [stored] = await os.wsman.enumerate(AMT_PublicKeyCertificate, deadline())
      assert.equal(stored?.TrustedRootCertficate, true)
      assert.equal(stored?.Subject, 'CN=rules root')
      assert.deepEqual(stored?.X509Certificate, authority.der)
    }))

  test('puts that cannot be are refused whole', () =>
    owned(async (firmware, os) => {
      const { wsman } = os
      const general = await wsman.get(AMT_GeneralSettings, {}, deadline())
      await refused(firmware, 'InvalidRepresentation', () =>
        refusal(wsman.put(AMT_GeneralSettings, { ...general, HostName: 'x'.repeat(64) }, {}, deadline())),
      )
      const [wired] = await wsman.enumerate(AMT_EthernetPortSettings, deadline())
      await refused(firmware, 'InvalidRepresentation', () =>
        refusal(
          wsman.put(
            AMT_EthernetPortSettings,
            { ...wired!, DHCPEnabled: true, IPAddress: '192.0.2.7' },
            { InstanceID: wired!.InstanceID! },
            deadline(),
          ),
        ),
      )
      const detection = await wsman.get(AMT_EnvironmentDetectionSettingData, {}, deadline())
      await refused(firmware, 'InvalidRepresentation', () =>
        refusal(
          wsman.put(
            AMT_EnvironmentDetectionSettingData,
            { ...detection, DetectionStrings: ['a', 'b', 'c', 'd', 'e', 'f'] },
            {},
            deadline(),
          ),
        ),
      )
      const [remote] = await wsman.enumerate(AMT_TLSSettingData, deadline())
      await refused(firmware, 'AccessDenied', () =>
        refusal(
          wsman.put(
            AMT_TLSSettingData,
            { ...remote!, Enabled: false },
            { InstanceID: remote!.InstanceID! },
            deadline(),
          ),
        ),
      )
      await refused(firmware, 'DestinationUnreachable', () =>
        refusal(wsman.put(AMT_EthernetPortSettings, wired!, { InstanceID: 'no such port' }, deadline())),
      )
      await refused(firmware, 'DestinationUnreachable', () =>
        refusal(wsman.delete(AMT_RemoteAccessPolicyRule, { PolicyRuleName: 'Alert' }, deadline())),
      )
      await refused(firmware, 'InvalidSelectors', () => refusal(wsman.delete(AMT_PublicKeyCertificate, {}, deadline())))
    }))

  test('state changes know their numbers', () =>
    owned(async (firmware, os) => {
      await refused(firmware, 5, () => call(os, AMT_RedirectionService, 'RequestStateChange', { RequestedState: 2 }))
      await refused(firmware, 5, () => call(os, CIM_KVMRedirectionSAP, 'RequestStateChange', { RequestedState: 32768 }))
      await refused(firmware, 5, () =>
        call(os, AMT_UserInitiatedConnectionService, 'RequestStateChange', { RequestedState: 1 }),
      )
      assert.equal(await call(os, CIM_KVMRedirectionSAP, 'RequestStateChange', { RequestedState: 2 }), 0)
      assert.equal((await os.wsman.get(CIM_KVMRedirectionSAP, {}, deadline())).EnabledState, 6)
      await refused(firmware, 36, () => call(os, IPS_HTTPProxyService, 'AddProxyAccessPoint', { AccessInfo: 'p' }))
    }))

  test('a machine with Standard Manageability has no remote desktop', () =>
    owned(
      async (firmware, os) => {
        await refused(firmware, 'DestinationUnreachable', () =>
          refusal(os.wsman.get(CIM_KVMRedirectionSAP, {}, deadline())),
        )
        await refused(firmware, 'DestinationUnreachable', () =>
          call(os, CIM_KVMRedirectionSAP, 'RequestStateChange', { RequestedState: 2 }),
        )
      },
      { identity: { serial: 'ISM1', sku: 'ism' } },
    ))

  test('a boot source needs the consent of the person there, and is used up by one boot', (t) =>
    owned(async (firmware, os) => {
      const { wsman } = os
      exercised(t, 'boot-consent', 2)
      exercised(t, 'boot-once')
      exercised(t, 'self-5')
      const sources = await wsman.enumerate(CIM_BootSourceSetting, deadline())
      assert.ok(sources.length >= 2)
      const InstanceID = 'Intel(r) AMT: Force PXE Boot'
      const Source = { resourceUri: CIM_BootSourceSetting.uri, selectors: { InstanceID } }
      await refused(firmware, 'AccessDenied', () => call(os, CIM_BootConfigSetting, 'ChangeBootOrder', { Source }))
      assert.equal(await call(os, CIM_BootConfigSetting, 'ChangeBootOrder', {}), 0)

      assert.equal(await call(os, IPS_OptInService, 'SendOptInCode', { OptInCode: 1 }), 2)
      assert.equal(await call(os, IPS_OptInService, 'StartOptIn', {}), 0)
      const code = Number(firmware.device.volatile.consent.code)
      assert.equal(await call(os, IPS_OptInService, 'SendOptInCode', { OptInCode: (code + 1) % 1_000_000 }), 4)
      assert.equal(await call(os, IPS_OptInService, 'SendOptInCode', { OptInCode: code }), 0)
      assert.equal(await call(os, CIM_BootConfigSetting, 'ChangeBootOrder', { Source }), 0)

      const settings = await wsman.get(AMT_BootSettingData, {}, deadline())
      await refused(firmware, 'InvalidRepresentation', () =>
        refusal(wsman.put(AMT_BootSettingData, { ...settings, BIOSSetup: true }, {}, deadline())),
      )
      const stored = await wsman.put(AMT_BootSettingData, { ...settings, UserPasswordBypass: true }, {}, deadline())
      assert.equal(stored.OptionsCleared, false)
      const role = { BootConfigSetting: BOOT_CONFIGURATION, Role: 1 }
      assert.equal(await call(os, CIM_BootService, 'SetBootConfigRole', role), 0)

      // As the person would: a reset through AMT would end this very connection with the operating system.
      firmware.device.store.change((draft) => firmware.device.host.request(draft, 10))
      firmware.device.host.settle()
      const { lastBoot } = firmware.device.store.now.host
      assert.equal(lastBoot?.source, InstanceID)
      assert.deepEqual(lastBoot?.options, { UserPasswordBypass: true })
      assert.equal(firmware.device.store.now.settings.boot.source, null)
      assert.equal(firmware.device.store.now.settings.boot.settings.OptionsCleared, true)
    }))

  test('three wrong codes end the conversation', () =>
    owned(async (firmware, os) => {
      assert.equal(await call(os, IPS_OptInService, 'StartOptIn', {}), 0)
      const wrong = { OptInCode: (Number(firmware.device.volatile.consent.code) + 1) % 1_000_000 }
      const answers = []
      for (let i = 0; i < 4; i++) answers.push(await call(os, IPS_OptInService, 'SendOptInCode', wrong))
      assert.deepEqual(answers, [4, 4, 3, 2])
    }))

  test('what a provisioning server wrote is taken away again in its order, and nothing is left', () =>
    owned(async (firmware, os) => {
      const { wsman } = os
      await configureCira(os, { root: authority.der, port: 9 })
      assert.equal((await wsman.enumerate(AMT_RemoteAccessPolicyAppliesToMPS, deadline())).length, 2)
      for (const PolicyRuleName of ['User Initiated', 'Periodic'])
        await wsman.delete(AMT_RemoteAccessPolicyRule, { PolicyRuleName }, deadline())
      assert.deepEqual(await wsman.enumerate(AMT_RemoteAccessPolicyAppliesToMPS, deadline()), [])
      for (const { Name } of await wsman.enumerate(AMT_ManagementPresenceRemoteSAP, deadline()))
        await wsman.delete(AMT_ManagementPresenceRemoteSAP, { Name: Name! }, deadline())
      assert.equal(await call(os, AMT_SetupAndConfigurationService, 'CommitChanges', {}), 0)
      for (const { InstanceID } of await wsman.enumerate(AMT_PublicKeyCertificate, deadline()))
        await wsman.delete(AMT_PublicKeyCertificate, { InstanceID: InstanceID! }, deadline())
      const detection = await wsman.get(AMT_EnvironmentDetectionSettingData, {}, deadline())
      await wsman.put(AMT_EnvironmentDetectionSettingData, { ...detection, DetectionStrings: [] }, {}, deadline())
      const { servers, policies, certificates, detectionStrings } = firmware.device.store.now.settings
      assert.deepEqual(
        { servers, policies, certificates, detectionStrings },
        {
          servers: [],
          policies: [],
          certificates: [],
          detectionStrings: [],
        },
      )
    }))
})
