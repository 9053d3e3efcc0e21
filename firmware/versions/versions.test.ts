import assert from 'node:assert/strict'
import { KeyObject } from 'node:crypto'
import { once } from 'node:events'
import { before, describe, test } from 'node:test'
import { connect } from 'node:tls'
import {
  AMT_BootCapabilities,
  AMT_EthernetPortSettings,
  AMT_GeneralSettings,
  AMT_PublicKeyManagementService,
  AMT_RemoteAccessService,
  CIM_BootService,
  CIM_SoftwareIdentity,
} from '@outrider/protocols/amt'
import { secret, text, utf8 } from '@outrider/protocols/values'
import { openLocalManagement, watchdog } from '@outrider/sessions/local-management'
import { duplexStream } from '@outrider/sessions/streams'
import { createWsmanSession } from '@outrider/sessions/wsman'
import type { Firmware } from '../index.ts'
import { trusting, uploadChain } from '../test/admin.ts'
import { type Authority, createAuthority } from '../test/authority.ts'
import { activate, configureCira, deadline, local, machine, mps, PASSWORD, tunnelAt } from '../test/bench.ts'
import { ProvisioningPki } from '../test/provisioning-chain.ts'
import { call, refused } from '../test/refusals.ts'
import { secureLocal } from '../test/secure-local.ts'
import { StreamDuplex } from '../tls/stream-duplex.ts'
import { quirksOf } from './quirks.ts'

const noPause = async (): Promise<void> => undefined
const versions = ['12.0.67', '16.1.25', '19.0.5'] as const

describe('versions of the firmware', () => {
  let pki: ProvisioningPki
  let authority: Authority
  before(async () => {
    pki = await ProvisioningPki.create(1)
    authority = await createAuthority('versions root')
  })
  const device = (version: string, more: Partial<Firmware['identity']> = {}): Firmware =>
    machine({ identity: { serial: `V${version}`, version, ...more } })
  const open = (firmware: Firmware) =>
    firmware.device.quirks.localTls === 'enforced' ? secureLocal(firmware) : local(firmware)

  test('are those in the table, and no others', () => {
    for (const version of versions) assert.equal(quirksOf(version).version, version)
    assert.throws(() => quirksOf('15.0.1'), RangeError)
    assert.throws(() => machine({ identity: { serial: 'X', version: '7.1.4' } }), RangeError)
  })

  test('say theirs alike in header and software identity', async () => {
    for (const [version, header] of [
      ['12.0.67', '12.0.67'],
      ['16.1.25', '16.1.25.2124'],
      ['19.0.5', '19.0.5.1864'],
    ] as const) {
      await using firmware = device(version)
      const secured = firmware.device.quirks.localTls === 'enforced'
      const port = secured ? 16993 : 16992
      await using way = await openLocalManagement({ mei: firmware.engine, pause: noPause, port }, deadline())
      let stream = await way.openLocal(port, deadline())
      if (secured) {
        const socket = connect({ socket: new StreamDuplex(stream), rejectUnauthorized: false })
        await once(socket, 'secureConnect')
        stream = duplexStream(socket)
      }
      await stream.write(utf8('GET / HTTP/1.1\r\nHost: x\r\n\r\n'), deadline())
      const answer = text((await stream.read(deadline()))!)
      assert.match(answer, /^HTTP\/1.1 303 /)
      assert.equal(/\r\nServer: Intel\(R\) Active Management Technology (\S+)\r\n/.exec(answer)?.[1], header)
      stream.close()
    }
    await using firmware = device('12.0.67')
    await using os = await local(firmware)
    const identities = await os.wsman.enumerate(CIM_SoftwareIdentity, deadline())
    const value = (key: string) => identities.find(({ InstanceID }) => InstanceID === key)?.VersionString
    assert.deepEqual([value('AMT'), value('Build Number')], ['12.0.67', '1579'])
  })

  test('have the properties and methods they had', async () => {
    for (const version of versions) {
      await using firmware = device(version)
      await using os = await open(firmware)
      await activate(os)
      const has = (instance: object, name: string) => name in instance
      const general = await os.wsman.get(AMT_GeneralSettings, {}, deadline())
      const boot = await os.wsman.get(AMT_BootCapabilities, {}, deadline())
      const [wired] = await os.wsman.enumerate(AMT_EthernetPortSettings, deadline())
      const remote = await os.wsman.get(AMT_RemoteAccessService, {}, deadline())
      const old = version.startsWith('12')
      assert.equal(has(general, 'ThunderboltDockEnabled'), !old)
      assert.equal(has(boot, 'PlatformErase'), !old)
      assert.equal(has(wired!, 'PhysicalConnectionType'), !old)
      assert.equal(has(remote, 'IsRemoteTunnelConnected'), version.startsWith('19'))
      const change = () => call(os, CIM_BootService, 'RequestStateChange', { RequestedState: 32769 })
      if (old) await refused(firmware, 'ActionNotSupported', change)
      else assert.equal(await change(), 0)
    }
  })

  test('tell of AMT in BIOS from 16.1 on', async () => {
    for (const version of versions) {
      await using firmware = device(version)
      const client = watchdog(firmware.engine, { pause: noPause })
      const state = await client.isChangeToAmtEnabled(deadline())
      const old = version.startsWith('12')
      assert.deepEqual(
        [state.newInterface, state.transitionAllowed, state.tlsEnforcedOnLocalPorts],
        [!old, !old, version.startsWith('19')],
      )
      assert.equal((await client.setAmtOperationalState(false, deadline())) === 0, !old)
      assert.equal(firmware.device.store.now.bios.enabled, old)
    }
  })

  test('compare roots by the hashes they know', async () => {
    const chain = pki.chain(await pki.leaf())
    for (const [version, answers] of [
      ['12.0.67', { sha1: 0, sha256: 0, sha384: 4 }],
      ['16.1.25', { sha1: 4, sha256: 0, sha384: 0 }],
      ['19.0.5', { sha1: 4, sha256: 0, sha384: 0 }],
    ] as const)
      for (const [algorithm, answer] of Object.entries(answers)) {
        await using firmware = device(version, {
          trustedHashes: trusting(pki).map((each) => ({ ...each, hash: pki.hash(algorithm) })),
        })
        await using os = await open(firmware)
        assert.deepEqual(await uploadChain(os, chain), [0, 0, answer], `${version} ${algorithm}`)
      }
  })

  test('keep certificates under SHA-1 until 18', async () => {
    const old = await pki.leaf({ hash: 'SHA-1' })
    for (const version of versions) {
      await using firmware = device(version)
      await using os = await open(firmware)
      await activate(os)
      const add = () =>
        call(os, AMT_PublicKeyManagementService, 'AddTrustedRootCertificate', { CertificateBlob: old.der })
      // The device has made its own certificate by then.
      await os.wsman.get(AMT_GeneralSettings, {}, deadline())
      if (version.startsWith('19')) await refused(firmware, 2063, add)
      else assert.equal(await add(), 0)
    }
  })

  test('dial home with the TLS of their time', async () => {
    const leaf = await pki.leaf({ commonName: 'mps.example.com' })
    const pem = leaf.certificate.toString('pem')
    const keyPem = KeyObject.from(leaf.keys.privateKey).export({ format: 'pem', type: 'pkcs8' }) as string
    const rsa = { der: leaf.der, certPem: `${pem}\n${pki.intermediates[0]!.certificate.toString('pem')}`, keyPem }
    for (const [version, protocol, cipher] of [
      ['12.0.67', 'TLSv1.2', /RSA|^AES/],
      ['16.1.25', 'TLSv1.3', /^TLS_/],
      ['19.0.5', 'TLSv1.3', /^TLS_/],
    ] as const) {
      await using server = await mps(rsa)
      await using firmware = device(version)
      {
        await using os = await open(firmware)
        await activate(os)
        await configureCira(os, { root: pki.root.der, port: server.port })
      }
      await server.tunnel()
      const [negotiated] = server.negotiated
      assert.equal(negotiated?.protocol, protocol)
      assert.match(negotiated?.cipher ?? '', cipher)
    }
    // A certificate that is not RSA is nothing to version 12.
    await using server = await mps(await authority.issue('mps.example.com'))
    await using firmware = device('12.0.67')
    await using os = await local(firmware)
    await activate(os)
    await configureCira(os, { root: authority.der, port: server.port })
    await tunnelAt(firmware, ({ at, failures }) => at === 'waiting' && failures > 0)
  })

  test('19 is reached through its tunnel with TLS inside and without', async () => {
    await using server = await mps(await authority.issue('mps.example.com'))
    await using firmware = device('19.0.5')
    {
      await using os = await secureLocal(firmware)
      await activate(os)
      await configureCira(os, { root: authority.der, port: server.port })
    }
    const session = await server.tunnel()
    await tunnelAt(firmware, ({ at }) => at === 'connected')
    assert.deepEqual(session.ports, [16993, 16992, 664, 623, 16995, 16994, 5900])
    const plain = server.wsman(session)
    await plain.get(AMT_GeneralSettings, {}, deadline())
    plain.close()
    const inside = createWsmanSession({
      way: {
        openStream: async (signal) => {
          const carrier = new StreamDuplex(await session.openChannel(16993, signal))
          const socket = connect({ socket: carrier, rejectUnauthorized: false })
          carrier.once('close', () => socket.destroy())
          await once(socket, 'secureConnect', { signal })
          return duplexStream(socket)
        },
      },
      host: 'device',
      credentials: { username: 'admin', password: secret(PASSWORD) },
      deadlineMs: 5000,
    })
    const remote = await inside.get(AMT_RemoteAccessService, {}, deadline())
    assert.equal(remote.IsRemoteTunnelConnected, true)
    inside.close()
  })
})
