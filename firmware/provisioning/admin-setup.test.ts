import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { before, describe, test } from 'node:test'
import {
  AMT_AuthorizationService,
  AMT_GeneralSettings,
  AMT_SetupAndConfigurationService,
  IPS_HostBasedSetupService,
  IPS_OptInService,
} from '@outrider/protocols/amt'
import { secret, toBase64 } from '@outrider/protocols/values'
import { digestHa1 } from '@outrider/protocols/wsman'
import fc from 'fast-check'
import { auditEventName } from '../audit/audit-log.ts'
import { md5 } from '../http/digest-gate.ts'
import { actions, type Firmware, type FirmwareOptions } from '../index.ts'
import { activateAsAdmin, ha1Of, hostBasedSetup, proofOf, trusting, uploadChain } from '../test/admin.ts'
import { activate, deadline, host, type Local, local, machine, PASSWORD } from '../test/bench.ts'
import { flipped, ProvisioningPki, signWith } from '../test/provisioning-chain.ts'
import { call, refused } from '../test/refusals.ts'
import { exercised, rowsOf } from '../test/rule-book.ts'

const service = IPS_HostBasedSetupService

describe('admin control mode', () => {
  let pki: ProvisioningPki
  let chain: readonly Uint8Array[]
  before(async () => {
    pki = await ProvisioningPki.create(1)
    chain = pki.chain(await pki.leaf())
  })

  /** A device that trusts the authority of this test. */
  const trustful = async (
    act: (firmware: Firmware, os: Local) => Promise<void>,
    options: Partial<FirmwareOptions> = {},
  ): Promise<void> => {
    await using firmware = machine({
      ...options,
      identity: { serial: 'ACM', trustedHashes: trusting(pki), ...options.identity },
    })
    await using os = await local(firmware)
    await act(firmware, os)
  }
  const request = async (os: Local) => ({
    NetAdminPassEncryptionType: 2,
    NetworkAdminPassword: secret(await ha1Of(os)),
    ...(await proofOf(os, pki.leafKeys)),
  })
  const events = (firmware: Firmware) => firmware.device.store.now.audit.slice(2).map(auditEventName)

  test('is reached with a chain and a signature', (t) =>
    trustful(async (firmware, os) => {
      const told: object[] = []
      firmware.events.on('controlMode', (event) => told.push(event))
      assert.equal((await hostBasedSetup(os)).chainStatus, 0)
      assert.deepEqual(await uploadChain(os, chain.slice(0, 1)), [0])
      assert.equal((await hostBasedSetup(os)).chainStatus, 1)
      assert.deepEqual(await uploadChain(os, chain), [0, 0, 0])
      const { chainStatus, nonce } = await hostBasedSetup(os)
      assert.equal(chainStatus, 2)
      assert.equal(await call(os, service, 'AdminSetup', await request(os)), 0)

      assert.deepEqual(told, [{ from: 0, to: 2 }])
      assert.equal(await host(firmware).getControlMode(deadline()), 2)
      os.as('admin', PASSWORD)
      const after = await hostBasedSetup(os)
      assert.equal(after.mode, 2)
      assert.equal(after.chainStatus, 0)
      assert.notDeepEqual(after.nonce, nonce)
      const setup = await os.wsman.get(AMT_SetupAndConfigurationService, {}, deadline())
      assert.deepEqual([setup.ProvisioningMode, setup.ProvisioningState], [1, 2])
      const consent = await os.wsman.get(IPS_OptInService, {}, deadline())
      assert.deepEqual([consent.OptInRequired, consent.CanModifyOptInPolicy], [4294967295, 1])
      await os.wsman.put(IPS_OptInService, { ...consent, OptInRequired: 0 }, {}, deadline())
      assert.equal(firmware.counters.adminSetup, 1)
      assert.deepEqual(events(firmware).slice(0, 2), ['provisioningStarted', 'provisioningCompleted'])
      exercised(t, 'admin-effects')
      exercised(t, 'self-1')
    }))

  test('is reached from client control mode with the password that was', (t) =>
    trustful(async (firmware, os) => {
      await activate(os)
      const { adminHa1, optIn } = firmware.device.store.now.settings
      assert.deepEqual(await uploadChain(os, chain), [0, 0, 0])
      assert.equal(await call(os, service, 'UpgradeClientToAdmin', await proofOf(os, pki.leafKeys)), 0)
      assert.equal((await hostBasedSetup(os)).mode, 2)
      const { settings, counters } = firmware.device.store.now
      assert.equal(settings.adminHa1, adminHa1)
      assert.deepEqual(settings.optIn, { ...optIn, canModify: 1 })
      assert.deepEqual([counters.setup, counters.upgradeToAdmin, counters.adminSetup], [1, 1, 0])
      assert.equal(events(firmware).at(-1), 'upgradedToAdmin')
      exercised(t, 'upgrade-effects')
    }))

  test('is not entered from another mode', (t) =>
    trustful(async (firmware, os) => {
      await uploadChain(os, chain)
      await refused(firmware, 2, async () => call(os, service, 'UpgradeClientToAdmin', await proofOf(os, pki.leafKeys)))
      await activate(os)
      await uploadChain(os, chain)
      await refused(firmware, 2, async () => call(os, service, 'AdminSetup', await request(os)))
      await call(os, service, 'UpgradeClientToAdmin', await proofOf(os, pki.leafKeys))
      await refused(firmware, 3, async () => (await uploadChain(os, chain))[0]!)
      for (const method of ['AdminSetup', 'UpgradeClientToAdmin', 'Setup'] as const)
        await refused(firmware, 2, async () => call(os, service, method, await request(os)))
      exercised(t, 'admin-state', 6)
      exercised(t, 'setup-state')
    }))

  test('needs a complete chain', (t) =>
    trustful(async (firmware, os) => {
      for (const uploaded of rowsOf(t, 'admin-chain', [[], chain.slice(0, 1), chain.slice(0, 2)] as const)) {
        for (const [index, NextCertificate] of uploaded.entries()) {
          const link = { NextCertificate, IsLeafCertificate: index === 0, IsRootCertificate: false }
          assert.equal(await call(os, service, 'AddNextCertInChain', link), 0)
        }
        await refused(firmware, 2, async () => call(os, service, 'AdminSetup', await request(os)))
      }
    }))

  test('forgets a chain with the first certificate that is wrong, and with the engine', (t) =>
    trustful(async (firmware, os) => {
      await uploadChain(os, chain.slice(0, 2))
      await refused(firmware, 4, async () => (await uploadChain(os, [new Uint8Array(9)]))[0]!)
      assert.equal((await hostBasedSetup(os)).chainStatus, 0)
      await uploadChain(os, chain)
      const { nonce } = await hostBasedSetup(os)
      firmware.resetEngine()
      await using again = await local(firmware)
      const after = await hostBasedSetup(again)
      assert.equal(after.chainStatus, 0)
      assert.notDeepEqual(after.nonce, nonce)
      exercised(t, 'chain-status', 2)
    }))

  test('asks for a request that is whole', (t) =>
    trustful(async (firmware, os) => {
      await uploadChain(os, chain)
      for (const change of rowsOf(t, 'admin-request', [
        { NetAdminPassEncryptionType: 1 },
        { NetAdminPassEncryptionType: undefined },
        { NetworkAdminPassword: secret('0123456789abcdef0123456789abcde') },
        { NetworkAdminPassword: secret('0123456789abcdef0123456789abcdeg') },
        { NetworkAdminPassword: undefined },
        { SigningAlgorithm: 1 },
        { SigningAlgorithm: undefined },
        { McNonce: new Uint8Array(19) },
        { McNonce: new Uint8Array(21) },
        { McNonce: undefined },
        { DigitalSignature: undefined },
      ])) {
        const input = { ...(await request(os)), ...change }
        const given = Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined))
        await refused(firmware, 3, () => call(os, service, 'AdminSetup', given))
      }
      // The chain stands: the next whole request is carried out.
      assert.equal(await call(os, service, 'AdminSetup', await request(os)), 0)
    }))

  test('is refused with one bit flipped in nonce or signature, and each attempt costs the nonce', async (t) => {
    for (const method of ['AdminSetup', 'UpgradeClientToAdmin'] as const)
      await trustful(async (firmware, os) => {
        if (method === 'UpgradeClientToAdmin') await activate(os)
        await uploadChain(os, chain)
        let runs = 0
        const which = fc.constantFrom('device nonce', 'client nonce', 'signature')
        await fc.assert(
          fc.asyncProperty(which, fc.nat(1 << 12), async (what, bit) => {
            runs++
            const { nonce } = await hostBasedSetup(os)
            const McNonce = new Uint8Array(randomBytes(20))
            const signed = [what === 'device nonce' ? flipped(nonce, bit) : nonce, McNonce]
            const signature = signWith(pki.leafKeys, signed)
            const input = {
              ...(method === 'AdminSetup'
                ? { NetAdminPassEncryptionType: 2, NetworkAdminPassword: secret(await ha1Of(os)) }
                : {}),
              SigningAlgorithm: 2,
              McNonce: what === 'client nonce' ? flipped(McNonce, bit) : McNonce,
              DigitalSignature: what === 'signature' ? flipped(signature, bit) : signature,
            }
            await refused(firmware, 5, () => call(os, service, method, input))
            assert.notDeepEqual((await hostBasedSetup(os)).nonce, nonce)
          }),
          { numRuns: 60 },
        )
        exercised(t, 'admin-nonce', runs)
        exercised(t, 'admin-signature', runs)
        exercised(t, 'nonce-renewal', runs)
        assert.equal(firmware.counters.adminSetup + firmware.counters.upgradeToAdmin, 0)
      })
  })

  test('is refused under another key, hash, order of the nonces, or a nonce of the attempt before', (t) =>
    trustful(async (firmware, os) => {
      await uploadChain(os, chain)
      const stale = (await hostBasedSetup(os)).nonce
      await refused(firmware, 3, () => call(os, service, 'AdminSetup', {}))
      const client = new Uint8Array(randomBytes(20))
      const issuer = pki.intermediates[0]!.keys
      for (const signature of rowsOf(t, 'admin-signature', [
        (nonce: Uint8Array) => signWith(issuer, [nonce, client]),
        (nonce: Uint8Array) => signWith(pki.root.keys, [nonce, client]),
        (nonce: Uint8Array) => signWith(pki.leafKeys, [nonce, client], 'sha1'),
        (nonce: Uint8Array) => signWith(pki.leafKeys, [nonce, client], 'sha384'),
        (nonce: Uint8Array) => signWith(pki.leafKeys, [client, nonce]),
        (nonce: Uint8Array) => signWith(pki.leafKeys, [nonce]),
        () => signWith(pki.leafKeys, [client]),
        () => signWith(pki.leafKeys, [stale, client]),
        () => new Uint8Array(256),
        () => new Uint8Array(1),
      ])) {
        const { nonce } = await hostBasedSetup(os)
        const input = { ...(await request(os)), McNonce: client, DigitalSignature: signature(nonce) }
        await refused(firmware, 5, () => call(os, service, 'AdminSetup', input))
      }
      assert.equal((await hostBasedSetup(os)).chainStatus, 2)
      assert.equal(await call(os, service, 'AdminSetup', await request(os)), 0)
    }))

  test('is refused where the root was switched off, and where nobody trusts it', async (t) => {
    await trustful(async (firmware, os) => {
      firmware.device.store.change(({ mebx }) => {
        mebx.inactiveHashes.push(pki.rootHash)
      })
      assert.deepEqual(await uploadChain(os, chain), [0, 0, 4])
      const [entry] = await host(firmware).getCertificateHashes(deadline())
      assert.equal(entry?.isActive, false)
      await refused(firmware, 2, async () => call(os, service, 'AdminSetup', await request(os)))
    })
    await using stranger = machine()
    await using os = await local(stranger)
    assert.deepEqual(await uploadChain(os, chain), [0, 0, 4])
    exercised(t, 'root-trust', 2)
  })

  test('takes the DNS suffix of the menu, else that of DHCP on a cable that is in', async (t) => {
    const answers = (pkiDnsSuffix: string, dnsSuffix: string, linkUp = true) =>
      new Promise<number | string>((resolve, reject) => {
        trustful(
          async (firmware, os) => {
            firmware.device.store.change(({ host: around }) => {
              around.linkUp = linkUp
            })
            resolve((await uploadChain(os, chain.slice(0, 1)))[0]!)
          },
          { identity: { serial: 'SUFFIX', pkiDnsSuffix, trustedHashes: trusting(pki) }, dnsSuffix },
        ).catch(reject)
      })
    for (const [set, dhcp, linkUp, answer] of rowsOf(t, 'leaf-suffix', [
      ['vprodemo.com', 'cafe.example', true, 0],
      ['', 'vprodemo.com', true, 0],
      ['corp.example', 'vprodemo.com', true, 4],
      ['', 'cafe.example', true, 4],
      ['', '', true, 4],
      ['', 'vprodemo.com', false, 4],
      ['vprodemo.com', '', false, 0],
    ] as const))
      assert.equal(await answers(set, dhcp, linkUp), answer, `${set}, ${dhcp}`)
  })

  test('judges certificates by a clock that may be wrong', (t) =>
    trustful(async (firmware, os) => {
      for (const [offset, answer] of rowsOf(t, 'chain-validity', [
        [400, 4],
        [-400, 4],
        [0, 0],
      ] as const)) {
        firmware.device.store.change(({ settings }) => {
          settings.time.offset = offset * 86_400_000
        })
        assert.equal((await uploadChain(os, chain))[0], answer)
      }
    }))

  test('opens to the password it was given and no other', (t) =>
    trustful(async (firmware, os) => {
      await activateAsAdmin(os, pki)
      const tries: [user: string, password: string][] = [['admin', PASSWORD]]
      for (let bit = 0; bit < PASSWORD.length * 8; bit += 3)
        tries.push(['admin', Buffer.from(flipped(Buffer.from(PASSWORD), bit)).toString('latin1')])
      tries.push(['Admin', PASSWORD], ['admim', PASSWORD])
      const state = structuredClone(firmware.device.store.now)
      for (const [index, [user, password]] of tries.entries()) {
        os.as(user, password)
        const answer = os.wsman.get(AMT_GeneralSettings, {}, deadline())
        if (index === 0) await answer
        else await assert.rejects(answer, { code: 'WSMAN_UNAUTHORIZED' })
      }
      const { audit: before, ...rest } = state
      const { audit: after, ...now } = firmware.device.store.now
      assert.deepEqual(now, rest)
      // Guessing is remembered.
      assert.ok(after.length > before.length)
      assert.equal(auditEventName(after.at(-1)!), 'invalidCredentials')
      exercised(t, 'digest-login', tries.length)
      exercised(t, 'self-2')
    }))

  test('opens to nobody where the realm was another by one bit', async (t) => {
    for (const bit of rowsOf(t, 'setup-realm', [0, 61, 130, 255] as const))
      await trustful(async (firmware, os) => {
        const wrong = Buffer.from(flipped(Buffer.from(firmware.device.store.now.settings.digestRealm), bit)).toString(
          'latin1',
        )
        const NetworkAdminPassword = secret(digestHa1(md5, 'admin', wrong, PASSWORD))
        // A hash tells nothing: it is taken, and is good for nothing.
        const input = { NetAdminPassEncryptionType: 2, NetworkAdminPassword }
        assert.equal(await call(os, service, 'Setup', input), 0)
        os.as('admin', PASSWORD)
        await refusedLogin(firmware, os)
      })
  })

  const refusedLogin = async (firmware: Firmware, os: Local): Promise<void> => {
    const state = structuredClone(firmware.device.store.now)
    await assert.rejects(os.wsman.get(AMT_GeneralSettings, {}, deadline()), { code: 'WSMAN_UNAUTHORIZED' })
    assert.deepEqual(firmware.device.store.now, state)
  }

  test('has a MEBx password that is strong', (t) =>
    trustful(async (firmware, os) => {
      const mebx = (password: string | undefined) =>
        call(os, AMT_SetupAndConfigurationService, 'SetMEBxPassword', {
          ...(password === undefined ? {} : { Password: secret(password) }),
        })
      await activate(os)
      await refused(firmware, 16, () => mebx('Str0ng!Passw0rd'))
      await uploadChain(os, chain)
      await call(os, service, 'UpgradeClientToAdmin', await proofOf(os, pki.leafKeys))
      for (const weak of rowsOf(t, 'mebx-strength', [
        undefined,
        '',
        'Sh0rt!a',
        `Str0ng!${'a'.repeat(26)}`,
        'str0ng!password',
        'STR0NG!PASSWORD',
        'Strong!Password',
        'Str0ngPassw0rd',
        'Str0ng!Pässw0rd',
      ]))
        await refused(firmware, 2054, () => mebx(weak))
      assert.equal(await mebx('Str0ng!Passw0rd'), 0)
      assert.equal(firmware.device.store.now.settings.mebxPassword, 'Str0ng!Passw0rd')
      assert.equal(firmware.counters.setMebxPassword, 1)
      exercised(t, 'mebx-mode')
    }))

  test('has another administrator password when admin says so', (t) =>
    trustful(async (firmware, os) => {
      const set = (Username: string, bytes: Uint8Array) =>
        call(os, AMT_AuthorizationService, 'SetAdminAclEntryEx', {
          Username,
          DigestPassword: secret(toBase64(bytes)),
        })
      // Before setup there is no administrator whose password could be set.
      await refused(firmware, 16, () => set('admin', new Uint8Array(16)))
      await activateAsAdmin(os, pki)
      const ha1 = (password: string) =>
        new Uint8Array(
          Buffer.from(digestHa1(md5, 'admin', firmware.device.store.now.settings.digestRealm, password), 'hex'),
        )
      await refused(firmware, 12, () => set('Admin', ha1('N3w!Passw0rd')))
      for (const length of [0, 15, 17, 32]) await refused(firmware, 2054, () => set('admin', new Uint8Array(length)))
      assert.equal(await set('admin', ha1('N3w!Passw0rd')), 0)
      await refusedLogin(firmware, os)
      os.as('admin', 'N3w!Passw0rd')
      assert.equal((await hostBasedSetup(os)).mode, 2)
      assert.equal(firmware.counters.setAdminPassword, 1)
      assert.equal(events(firmware).at(-1), 'userModified')
      exercised(t, 'acl-password', 7)
    }))

  test('is left over WS-MAN by its administrator, not by the machine', (t) =>
    trustful(async (firmware, os) => {
      await activateAsAdmin(os, pki)
      const account = await host(firmware).getLocalSystemAccount(deadline())
      os.as(account.user, account.password.reveal())
      const unprovision = () => call(os, AMT_SetupAndConfigurationService, 'Unprovision', { ProvisioningMode: 1 })
      await refused(firmware, 16, unprovision)
      assert.equal(await host(firmware).unprovision(deadline()), 'admin-mode')
      assert.equal(firmware.device.store.now.settings.controlMode, 2)
      os.as('admin', PASSWORD)
      const Password = secret('Str0ng!Passw0rd')
      assert.equal(await call(os, AMT_SetupAndConfigurationService, 'SetMEBxPassword', { Password }), 0)
      const realm = firmware.device.store.now.settings.digestRealm
      assert.equal(await unprovision(), 0)
      const { settings, audit } = firmware.device.store.now
      assert.deepEqual([settings.controlMode, settings.provisioningState, settings.adminHa1], [0, 0, null])
      assert.notEqual(settings.digestRealm, realm)
      assert.equal(settings.optIn.canModify, 1)
      // The password of the engine's menu stays; clearing CMOS takes it back.
      assert.equal(settings.mebxPassword, 'Str0ng!Passw0rd')
      const last = audit.at(-1)!
      assert.deepEqual([auditEventName(last), last.by, last.data], ['unprovisioningStarted', { user: 'admin' }, '03'])
      exercised(t, 'unprovision-acm', 2)
      exercised(t, 'unprovision-audit')
      exercised(t, 'unprovision-wsman')
      // And may be entered again.
      os.as(account.user, account.password.reveal())
      await activateAsAdmin(os, pki)
      assert.equal(firmware.counters.adminSetup, 2)
      actions.wipe!.run(firmware, {})
      const wiped = firmware.device.store.now.settings
      assert.deepEqual([wiped.controlMode, wiped.mebxPassword], [0, null])
    }))
})
