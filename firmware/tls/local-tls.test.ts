import assert from 'node:assert/strict'
import { createHash, createPrivateKey, KeyObject, X509Certificate } from 'node:crypto'
import { before, describe, test } from 'node:test'
import {
  AMT_AuthorizationService,
  AMT_GeneralSettings,
  AMT_PublicKeyCertificate,
  AMT_PublicKeyManagementService,
  AMT_SetupAndConfigurationService,
  AMT_TLSCredentialContext,
  AMT_TLSProtocolEndpointCollection,
  AMT_TLSSettingData,
  IPS_HostBasedSetupService,
} from '@outrider/protocols/amt'
import { secret, toBase64, toHex } from '@outrider/protocols/values'
import { digestHa1 } from '@outrider/protocols/wsman'
import { amthi, openLocalManagement, watchdog } from '@outrider/sessions/local-management'
import { md5 } from '../http/digest-gate.ts'
import type { Firmware, FirmwareOptions } from '../index.ts'
import { activateAsAdmin, hostBasedSetup, proofOf, trusting, uploadChain } from '../test/admin.ts'
import { createAuthority } from '../test/authority.ts'
import { activate, deadline, host, local, machine, PASSWORD } from '../test/bench.ts'
import { ProvisioningPki } from '../test/provisioning-chain.ts'
import { call, refusal, refused } from '../test/refusals.ts'
import { exercised } from '../test/rule-book.ts'
import { secureLocal } from '../test/secure-local.ts'

const noPause = async (): Promise<void> => undefined

describe('TLS on the local interface', () => {
  let pki: ProvisioningPki
  before(async () => {
    pki = await ProvisioningPki.create(1)
  })
  const version = (text: string, options: Partial<FirmwareOptions> = {}): Firmware =>
    machine({ ...options, identity: { serial: `V${text}`, version: text, trustedHashes: trusting(pki) } })

  test('version 19 has nothing else', async (t) => {
    await using firmware = version('19.0.5')
    const state = await watchdog(firmware.engine, { pause: noPause }).isChangeToAmtEnabled(deadline())
    assert.equal(state.tlsEnforcedOnLocalPorts, true)
    await using way = await openLocalManagement({ mei: firmware.engine, pause: noPause, port: 16993 }, deadline())
    for (const port of [16992, 623]) await assert.rejects(way.openLocal(port, deadline()), { code: 'LME_OPEN_REFUSED' })
    ;(await way.openLocal(16993, deadline())).close()
    exercised(t, 'self-7', 3)
  })

  test('version 19 shows the chain of its silicon, then its own, another after each commit', async (t) => {
    await using firmware = version('19.0.5')
    await using os = await secureLocal(firmware)
    await os.wsman.get(AMT_GeneralSettings, {}, deadline())
    assert.equal(os.shown.length, 4)
    assert.match(os.shown[0]!.subject, /^CN=AMT RCFG$/)
    assert.match(os.shown[3]!.subject, /ROM CA/)
    assert.match(os.shown[3]!.issuer, /OU=ODCA 2 CSME P/)
    for (const [index, each] of os.shown.slice(0, -1).entries()) assert.ok(each.verify(os.shown[index + 1]!.publicKey))
    const root = new X509Certificate(Buffer.from(firmware.device.store.now.onDie!.root, 'base64'))
    assert.ok(os.shown[3]!.verify(root.publicKey))
    assert.equal(os.protocol, 'TLSv1.3')

    await activate(os)
    await os.wsman.get(AMT_GeneralSettings, {}, deadline())
    const [first] = os.shown
    assert.equal(os.shown.length, 1)
    assert.equal(first!.publicKey.asymmetricKeyDetails?.modulusLength, 2048)
    assert.equal(await call(os, AMT_SetupAndConfigurationService, 'CommitChanges', {}), 0)
    await os.wsman.get(AMT_GeneralSettings, {}, deadline())
    assert.equal(os.shown.length, 1)
    assert.notEqual(os.shown[0]!.fingerprint256, first!.fingerprint256)
    exercised(t, 'self-7', 3)
  })

  test('version 19 goes from client to admin control mode over it', async (t) => {
    await using firmware = version('19.0.5')
    await using os = await secureLocal(firmware)
    await activate(os)
    assert.deepEqual(await uploadChain(os, pki.chain(await pki.leaf())), [0, 0, 0])
    assert.equal(await call(os, IPS_HostBasedSetupService, 'UpgradeClientToAdmin', await proofOf(os, pki.leafKeys)), 0)
    assert.equal((await hostBasedSetup(os)).mode, 2)
    exercised(t, 'self-7')
  })

  test('version 19 keeps it on, 16.1 keeps it on for the network, 12 leaves the choice', async (t) => {
    for (const [text, remote, local_] of [
      ['19.0.5', 'AccessDenied', 'AccessDenied'],
      ['16.1.25', 'AccessDenied', 0],
      ['12.0.67', 0, 0],
    ] as const) {
      await using firmware = version(text)
      await using os = text.startsWith('19') ? await secureLocal(firmware) : await local(firmware)
      await activate(os)
      const settings = await os.wsman.enumerate(AMT_TLSSettingData, deadline())
      for (const [index, expected] of [remote, local_].entries()) {
        const instance = settings[index]!
        const off = { ...instance, Enabled: false }
        const put = () =>
          refusal(os.wsman.put(AMT_TLSSettingData, off, { InstanceID: instance.InstanceID! }, deadline()))
        if (expected === 0) assert.equal(await put(), 0)
        else await refused(firmware, expected, put)
      }
      exercised(t, 'self-7', 2)
    }
  })

  test('is there besides the plain ports once it was configured and committed', async (t) => {
    await using firmware = version('16.1.25')
    await using os = await local(firmware)
    await activate(os)
    const [, lms] = await os.wsman.enumerate(AMT_TLSSettingData, deadline())
    const put = () =>
      os.wsman.put(AMT_TLSSettingData, { ...lms!, Enabled: true }, { InstanceID: lms!.InstanceID! }, deadline())
    await put()
    // TLS without a certificate is not committed.
    await refused(firmware, 2057, () => call(os, AMT_SetupAndConfigurationService, 'CommitChanges', {}))

    const authority = await createAuthority('device authority')
    const leaf = await pki.leaf({ commonName: 'device' }, undefined)
    const key = createPrivateKey(
      KeyObject.from(pki.leafKeys.privateKey).export({ format: 'pem', type: 'pkcs8' }),
    ).export({ format: 'der', type: 'pkcs1' })
    const keys = AMT_PublicKeyManagementService
    assert.equal(await call(os, keys, 'AddKey', { KeyBlob: secret(toBase64(key as Buffer)) }), 0)
    assert.equal(await call(os, keys, 'AddCertificate', { CertificateBlob: leaf.der }), 0)
    assert.equal(await call(os, keys, 'AddCertificate', { CertificateBlob: leaf.der }), 2058)
    assert.equal(await call(os, keys, 'AddTrustedRootCertificate', { CertificateBlob: authority.der }), 0)
    const stored = (await os.wsman.enumerate(AMT_PublicKeyCertificate, deadline())).find(
      ({ TrustedRootCertficate }) => TrustedRootCertficate === false,
    )!
    const reference = (uri: string, name: string, value: string) => ({
      resourceUri: uri,
      selectors: { [name]: value },
    })
    const context = {
      ElementInContext: reference(AMT_PublicKeyCertificate.uri, 'InstanceID', stored.InstanceID!),
      ElementProvidingContext: reference(
        AMT_TLSProtocolEndpointCollection.uri,
        'ElementName',
        'TLSProtocolEndpointInstances Collection',
      ),
    }
    await os.wsman.create(AMT_TLSCredentialContext, context, deadline())
    await put()
    assert.equal(await call(os, AMT_SetupAndConfigurationService, 'CommitChanges', {}), 0)
    await os[Symbol.asyncDispose]()

    await using secured = await secureLocal(firmware)
    secured.as('admin', PASSWORD)
    await secured.wsman.get(AMT_GeneralSettings, {}, deadline())
    assert.deepEqual(new Uint8Array(secured.shown[0]!.raw), leaf.der)
    // In use: it stays.
    await refused(firmware, 'AccessDenied', () =>
      refusal(secured.wsman.delete(AMT_PublicKeyCertificate, { InstanceID: stored.InstanceID! }, deadline())),
    )
    exercised(t, 'self-7', 2)
    exercised(t, 'self-8', 3)
  })
})

describe('configuration by the host over TLS', () => {
  let pki: ProvisioningPki
  before(async () => {
    pki = await ProvisioningPki.create(1)
  })
  const silicon = (): Firmware =>
    machine({ identity: { serial: 'HBC', version: '19.0.5', trustedHashes: trusting(pki) } })

  const start = async (firmware: Firmware, hash: Uint8Array, hashAlgorithm = 2) => {
    // The keys of the silicon are made while the machine starts.
    await firmware.device.tls.current()
    const field = new Uint8Array(64)
    field.set(hash)
    return amthi(firmware.engine, { pause: noPause }).startConfigurationHostBased(
      {
        form: 'compact',
        hashAlgorithm,
        hash: field,
        hostVpn: false,
        suffixSize: 0,
        suffixes: new Uint8Array(320),
      },
      deadline(),
    )
  }
  const digest = (name: string, der: Uint8Array) => new Uint8Array(createHash(name).update(der).digest())
  const certified = async (chain: readonly Uint8Array[]) => ({
    cert: chain.map((der) => `-----BEGIN CERTIFICATE-----\n${toBase64(der)}\n-----END CERTIFICATE-----\n`).join(''),
    key: KeyObject.from(pki.leafKeys.privateKey).export({ format: 'pem', type: 'pkcs8' }) as string,
  })
  const passwords = async (os: Awaited<ReturnType<typeof secureLocal>>) => {
    const { DigestRealm } = await os.wsman.get(AMT_GeneralSettings, {}, deadline())
    const ha1 = Buffer.from(digestHa1(md5, 'admin', DigestRealm!, PASSWORD), 'hex')
    return {
      admin: () =>
        call(os, AMT_AuthorizationService, 'SetAdminAclEntryEx', {
          Username: 'admin',
          DigestPassword: secret(toBase64(ha1)),
        }),
      mebx: () =>
        call(os, AMT_SetupAndConfigurationService, 'SetMEBxPassword', { Password: secret('Str0ng!Passw0rd') }),
      commit: () => call(os, AMT_SetupAndConfigurationService, 'CommitChanges', {}),
    }
  }

  for (const [algorithm, name] of [
    [2, 'sha256'],
    [3, 'sha384'],
  ] as const)
    test(`makes an owner of who comes with the announced certificate, ${name}`, async (t) => {
      await using firmware = silicon()
      const leaf = await pki.leaf()
      const answer = await start(firmware, digest(name, leaf.der), algorithm)
      assert.equal(await host(firmware).getProvisioningState(deadline()), 1)
      await using os = await secureLocal(firmware, await certified(pki.chain(leaf)))
      const { admin, mebx, commit } = await passwords(os)
      assert.equal(answer.hash, toHex(digest(name, os.shown[0]!.raw)))
      await refused(firmware, 2057, commit)
      assert.equal(await admin(), 0)
      await refused(firmware, 2057, commit)
      assert.equal(await mebx(), 0)
      assert.equal(await commit(), 0)
      assert.equal(await host(firmware).getControlMode(deadline()), 2)
      assert.equal(firmware.counters.adminSetup, 1)
      os.as('admin', PASSWORD)
      assert.equal((await hostBasedSetup(os)).mode, 2)
      exercised(t, 'admin-effects')
    })

  test('makes none of anybody else', async (t) => {
    const other = await ProvisioningPki.create(1)
    const good = await pki.leaf()
    const wrongPurpose = await pki.leaf({ purposes: ['1.3.6.1.5.5.7.3.1'] })
    const foreign = await other.leaf({ keys: pki.leafKeys })
    for (const [announced, shown] of [
      // No certificate, another certificate, and certificates that would not be taken in an upload either.
      [good.der, undefined],
      [good.der, pki.chain(await pki.leaf())],
      [wrongPurpose.der, pki.chain(wrongPurpose)],
      [foreign.der, other.chain(foreign)],
      [good.der, pki.chain(good).slice(0, 2)],
    ] as const) {
      await using firmware = silicon()
      await start(firmware, digest('sha256', announced))
      await using os = await secureLocal(firmware, shown === undefined ? {} : await certified(shown))
      const { admin, mebx, commit } = await passwords(os)
      for (const act of [admin, mebx, commit]) await refused(firmware, 16, act)
      exercised(t, 'admin-chain', 3)
    }
  })

  test('begins and ends when the host says so, in versions that have it', async () => {
    await using firmware = silicon()
    const leaf = await pki.leaf()
    const engine = host(firmware)
    assert.equal(await engine.stopConfiguration(deadline()), 'not-configuring')
    await assert.rejects(start(firmware, digest('sha256', leaf.der), 1), { code: 'AMTHI_REFUSED' })
    await start(firmware, digest('sha256', leaf.der))
    assert.equal(await engine.getProvisioningState(deadline()), 1)
    assert.equal(await engine.stopConfiguration(deadline()), 'stopped')
    assert.equal(await engine.getProvisioningState(deadline()), 0)
    assert.equal(firmware.device.store.now.settings.pinned, null)

    await using old = machine()
    await assert.rejects(start(old, digest('sha256', leaf.der)), { code: 'AMTHI_REFUSED' })
    await using os = await secureLocal(firmware)
    await activateAsAdmin(os, pki)
    await assert.rejects(start(firmware, digest('sha256', leaf.der)), { code: 'AMTHI_REFUSED' })
  })
})
