import assert from 'node:assert/strict'
import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { createSecureContext } from 'node:tls'
import { createFirmware, zeroTiming } from '@outrider/firmware'
import { IPS_HostBasedSetupService } from '@outrider/protocols/amt'
import { Command } from 'commander'
import forge from 'node-forge'
import { deadline, local } from '../../../firmware/test/bench.ts'
import { withFirmware } from '../firmware-options.ts'
import {
  makeProvisioningCertificate,
  type ProvisioningFiles,
  type ProvisioningWish,
} from '../provisioning-certificate/make.ts'
import { trustedHashesOf } from '../trust.ts'

describe('a provisioning certificate for simulated machines', () => {
  const folder = mkdtempSync(join(tmpdir(), 'provisioning-'))
  after(() => rmSync(folder, { recursive: true }))

  const make = (changes: Partial<ProvisioningWish> = {}): Promise<ProvisioningFiles> =>
    makeProvisioningCertificate({
      out: join(folder, 'one'),
      commonName: 'provision.vprodemo.com',
      authority: 'Root of a test',
      pfx: 'provisioning.pfx',
      ciphers: 'modern',
      kind: 'good',
      keyBits: 2048,
      days: 30,
      intermediates: 1,
      root: true,
      ...changes,
    })

  /** Reads a PFX with a library that had no part in writing it. */
  const read = (file: string, password: string) => {
    const p12 = forge.pkcs12.pkcs12FromAsn1(
      forge.asn1.fromDer(forge.util.createBuffer(readFileSync(file).toString('latin1'))),
      password,
    )
    const bags = p12.safeContents.flatMap(({ safeBags }) => safeBags)
    const der = (value: forge.asn1.Asn1) => Buffer.from(forge.asn1.toDer(value).getBytes(), 'latin1')
    const certificates = bags
      .filter(({ cert }) => cert)
      .map(({ cert }) => new X509Certificate(der(forge.pki.certificateToAsn1(cert!))))
    const key = bags.find(({ key: found }) => found)!.key!
    return { certificates, key: createPrivateKey(forge.pki.privateKeyToPem(key)) }
  }
  const password = (made: ProvisioningFiles) => readFileSync(made.password, 'utf8').trim()

  /** What a machine that trusts `trust` answers to each certificate. */
  const upload = async (certificates: readonly X509Certificate[], trust: readonly string[]) => {
    await using firmware = createFirmware({
      identity: { serial: 'PC1', trustedHashes: trustedHashesOf(trust) },
      timing: 'zero',
      timingOverrides: zeroTiming,
    })
    await using os = await local(firmware)
    const answers: unknown[] = []
    for (const [index, { raw }] of certificates.entries())
      await os.wsman
        .invoke(
          IPS_HostBasedSetupService,
          'AddNextCertInChain',
          {
            NextCertificate: raw,
            IsLeafCertificate: index === 0,
            IsRootCertificate: index === certificates.length - 1,
          },
          deadline(),
        )
        .then(
          () => answers.push(0),
          (error) => answers.push(error.detail.returnValue),
        )
    return answers
  }

  let made: ProvisioningFiles
  before(async () => {
    made = await make()
  })

  for (const ciphers of ['modern', 'legacy'] as const)
    test(`is read by others, ${ciphers} ciphers`, async () => {
      const { pfx } = await make({ ciphers, pfx: `${ciphers}.pfx` })
      const { certificates, key } = read(pfx, password(made))
      assert.equal(certificates.length, 3)
      const [leaf, middle, root] = certificates as [X509Certificate, X509Certificate, X509Certificate]
      assert.ok(leaf.checkPrivateKey(key))
      assert.ok(createPublicKey(key).equals(leaf.publicKey))
      assert.ok(leaf.verify(middle.publicKey) && middle.verify(root.publicKey) && root.verify(root.publicKey))
      assert.deepEqual(leaf.keyUsage, ['1.3.6.1.5.5.7.3.1', '2.16.840.1.113741.1.2.3'])
      assert.equal(leaf.publicKey.asymmetricKeyDetails?.modulusLength, 2048)
      assert.throws(() => read(pfx, 'another password'))
      if (ciphers === 'modern') createSecureContext({ pfx: readFileSync(pfx), passphrase: password(made) })
      else
        assert.throws(() => createSecureContext({ pfx: readFileSync(pfx), passphrase: password(made) }), {
          code: 'ERR_CRYPTO_UNSUPPORTED_OPERATION',
        })
    })

  test('is trusted by machines that are told to, and by no others', async () => {
    const { certificates } = read(made.pfx, password(made))
    assert.deepEqual(await upload(certificates, [made.rootHash]), [0, 0, 0])
    assert.deepEqual(await upload(certificates, []), [0, 0, 4])
    const other = await make({ out: join(folder, 'other'), authority: 'Another root' })
    assert.deepEqual(await upload(certificates, [other.rootHash]), [0, 0, 4])
    assert.deepEqual(await upload(certificates, [other.rootHash, made.rootHash]), [0, 0, 0])
  })

  test('is wrong in the way that was asked for', async () => {
    for (const [changes, answer] of [
      [{ kind: 'expired' }, 4],
      [{ kind: 'early' }, 4],
      [{ kind: 'wrong-purpose' }, 4],
      [{ kind: 'unit' }, 0],
      [{ keyBits: 1024 }, 4],
      [{ commonName: 'provision.example.org' }, 4],
    ] as const) {
      const { pfx } = await make({ ...changes, pfx: 'wrong.pfx' })
      const { certificates } = read(pfx, password(made))
      assert.equal((await upload(certificates, [made.rootHash]))[0], answer, JSON.stringify(changes))
    }
    const { pfx } = await make({ root: false, pfx: 'rootless.pfx', intermediates: 2 })
    assert.equal(read(pfx, password(made)).certificates.length, 3)
  })

  test('comes from one authority each time, under the password that was given', async () => {
    const file = join(folder, 'password')
    writeFileSync(file, 'pässword of mine\n')
    const again = await make({ passwordFile: file, pfx: 'again.pfx' })
    assert.equal(again.hash, made.hash)
    createSecureContext({ pfx: readFileSync(again.pfx), passphrase: 'pässword of mine' })
    assert.throws(() => createSecureContext({ pfx: readFileSync(again.pfx), passphrase: password(made) }))
    for (const path of [again.pfx, made.password, join(folder, 'one', 'ca.key')])
      assert.equal(statSync(path).mode & 0o777, 0o600, path)
  })

  test('a file that lists no root hashes is refused with the command line', async () => {
    const bad = join(folder, 'bad.json')
    const parse = (...words: string[]) => {
      const command = withFirmware(new Command())
        .exitOverride()
        .configureOutput({ writeErr: () => undefined })
      command.parse(words, { from: 'user' })
      return command.opts<{ trust: readonly string[] }>().trust
    }
    for (const text of ['{', '{}', '{"trustedHashes":[{"name":"x","hash":"abc","isActive":true,"isDefault":false}]}']) {
      writeFileSync(bad, text)
      assert.throws(() => parse('--trust', bad), { code: 'commander.invalidArgument' })
    }
    assert.throws(() => parse('--trust', join(folder, 'missing')), { code: 'commander.invalidArgument' })
    assert.deepEqual(parse('--trust', made.rootHash), [made.rootHash])
  })
})
