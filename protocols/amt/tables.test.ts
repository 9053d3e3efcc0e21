import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { type AnyCimClass, type CimMethod, type CimType, statusName } from '../wsman/index.ts'
import * as amt from './index.ts'

const classes = Object.entries(amt as Record<string, unknown>).filter(
  (entry): entry is [string, AnyCimClass] => typeof entry[1] === 'object' && entry[1] !== null && 'uri' in entry[1],
)

/** What a call must not be sent twice for: it acts, adds, or ends the account it came by. */
const ONCE = [
  'AMT_AuthorizationService.AddUserAclEntryEx',
  'AMT_AuthorizationService.RemoveUserAclEntry',
  'AMT_AuthorizationService.SetAdminAclEntryEx',
  'AMT_PublicKeyManagementService.AddCertificate',
  'AMT_PublicKeyManagementService.AddKey',
  'AMT_PublicKeyManagementService.AddTrustedRootCertificate',
  'AMT_PublicKeyManagementService.GenerateKeyPair',
  'AMT_RemoteAccessService.AddMpServer',
  'AMT_RemoteAccessService.AddRemoteAccessPolicyRule',
  'AMT_SetupAndConfigurationService.PartialUnprovision',
  'AMT_SetupAndConfigurationService.Unprovision',
  'CIM_PowerManagementService.RequestPowerStateChange',
  'IPS_HTTPProxyService.AddProxyAccessPoint',
  'IPS_HostBasedSetupService.AddNextCertInChain',
  'IPS_HostBasedSetupService.AdminSetup',
  'IPS_HostBasedSetupService.Setup',
  'IPS_HostBasedSetupService.UpgradeClientToAdmin',
  'IPS_OptInService.SendOptInCode',
  'IPS_PowerManagementService.RequestOSPowerSavingStateChange',
]

/** Fields that hold a password or a private key. */
const SECRET = /^(.*Pass(word|Phrase)|Secret|PSK|KeyBlob)$/

suite('class tables', () => {
  for (const [name, cls] of classes) {
    test(`${name} is declared as the firmware has it`, () => {
      assert.equal(cls.name, name)
      assert.ok(cls.uri.endsWith(`/${name}`))
      const properties = Object.keys(cls.properties)
      for (const key of cls.keys) assert.ok(properties.includes(key), `${key} is no property`)
      // Firmware writes properties in this order, and one class one of them behind its inherited ones.
      const ordered = properties.filter((property) => property !== 'OSPowerSavingState')
      assert.deepEqual(ordered, [...ordered].sort())
    })
  }

  test('acts are marked as such', () => {
    const once = classes.flatMap(([name, cls]) =>
      Object.entries<CimMethod>(cls.methods)
        .filter(([, method]) => method.once)
        .map(([method]) => `${name}.${method}`),
    )
    assert.deepEqual(once.sort(), [...ONCE].sort())
  })

  test('whatever holds a secret has the type of one', () => {
    const fields = classes.flatMap(([name, cls]) =>
      [cls.properties, ...Object.values<CimMethod>(cls.methods).map((method) => method.input)].flatMap((table) =>
        Object.entries<CimType<unknown>>(table).map(([field, type]) => [`${name}.${field}`, field, type.kind] as const),
      ),
    )
    for (const [path, field, kind] of fields) assert.equal(kind === 'secret', SECRET.test(field), path)
  })

  test('a return value has the name of its own table, of PT_STATUS, or its number', () => {
    const { Setup } = amt.IPS_HostBasedSetupService.methods
    const { CommitChanges } = amt.AMT_SetupAndConfigurationService.methods
    assert.equal(statusName(5, Setup.returns), 'AUTHENTICATION_FAILED')
    // 16 is PT_STATUS NOT_PERMITTED, which this method does not speak.
    assert.equal(statusName(16, Setup.returns), 'UNKNOWN_16')
    assert.equal(statusName(16, CommitChanges.returns), 'NOT_PERMITTED')
    assert.equal(statusName(2058), 'DUPLICATE')
    assert.equal(statusName(4242), 'UNKNOWN_4242')
  })
})
