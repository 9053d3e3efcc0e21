import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { connect, createServer } from 'node:tls'
import type { SecretStore } from '@outrider/domain/ports'
import { Fault, secret } from '@outrider/protocols/values'
import { systemClock, systemRandom } from '../system/index.ts'
import { memorySecrets } from '../test/memory-secrets.ts'
import { type Authority, type LeafKey, openAuthority } from './index.ts'

const never = new AbortController().signal
const DAY = 24 * 3600 * 1000
let folder: string
let file: string
// One authority for the whole file: keys of 3072 bits take their time.
let secrets: SecretStore
let first: Authority
const open = (
  options: { publicHost?: string; aheadBy?: number; secrets?: SecretStore; file?: string; ciraKey?: LeafKey } = {},
) =>
  openAuthority(
    {
      secrets: options.secrets ?? secrets,
      clock: { ...systemClock, now: () => Date.now() + (options.aheadBy ?? 0) },
      random: systemRandom,
      file: options.file ?? file,
      publicHost: options.publicHost ?? 'localhost',
      ...(options.ciraKey !== undefined && { ciraKey: options.ciraKey }),
    },
    never,
  )

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'outrider-pki-'))
  file = join(folder, 'ca.crt')
  secrets = memorySecrets()
  first = await open()
})
after(() => rm(folder, { recursive: true }))

const coded = (code: string) => (error: unknown) => Fault.from(error).code === code

test('the authority is RSA-3072 with SHA-384 and may sign certificates only', () => {
  const root = new X509Certificate(first.certificate)
  assert.equal(root.ca, true)
  assert.equal(root.publicKey.asymmetricKeyDetails?.modulusLength, 3072)
  assert.match(root.signatureAlgorithm ?? '', /sha384/i)
  assert.ok(root.verify(root.publicKey))
  assert.ok(root.validToDate.getUTCFullYear() < 2050)
})

test('the server certificate is good for a TLS client that trusts the authority, by name and by address', async () => {
  const leaf = new X509Certificate(first.server().certificate)
  assert.deepEqual(leaf.keyUsage, ['1.3.6.1.5.5.7.3.1'])
  assert.equal(leaf.subject, 'CN=localhost')
  const { certificate: cert, key } = first.server()
  const server = createServer({ cert, key }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  for (const name of ['localhost', '127.0.0.1']) {
    const client = connect({
      port,
      host: '127.0.0.1',
      servername: name === 'localhost' ? name : '',
      ca: first.certificate,
    })
    await once(client, 'secureConnect')
    assert.equal(client.authorized, true)
    client.destroy()
  }
  server.close()
  await once(server, 'close')
})

test('a second start has the same authority and the same server certificate', async () => {
  const again = await open()
  assert.equal(again.certificate, first.certificate)
  assert.equal(again.server().certificate, first.server().certificate)
  assert.equal(await readFile(file, 'utf8'), first.certificate)
})

test('the server certificate is made anew before it ends and when names change, the authority stays', async () => {
  const due = await open({ aheadBy: 370 * DAY })
  assert.notEqual(due.server().certificate, first.server().certificate)
  const renamed = await open({ publicHost: 'outrider.example.org' })
  assert.equal(new X509Certificate(renamed.server().certificate).subject, 'CN=outrider.example.org')
  assert.ok(new X509Certificate(renamed.server().certificate).checkHost('localhost'))
  const address = await open({ publicHost: '192.0.2.7' })
  assert.ok(new X509Certificate(address.server().certificate).checkIP('192.0.2.7'))
  assert.equal(address.certificate, first.certificate)
})

test('devices are shown an RSA certificate of their own, of the size that is configured', async () => {
  const bits = (authority: Authority) =>
    new X509Certificate(authority.cira().certificate).publicKey.asymmetricKeyDetails?.modulusLength
  const usual = await open()
  assert.equal(bits(usual), 2048)
  const larger = await open({ ciraKey: 'rsa-3072' })
  assert.equal(bits(larger), 3072)
  const leaf = new X509Certificate(larger.cira().certificate)
  assert.ok(leaf.verify(new X509Certificate(first.certificate).publicKey))
  assert.match(leaf.signatureAlgorithm ?? '', /sha384/i)
  assert.equal(larger.server().certificate, usual.server().certificate)
})

test('who listens is told of a renewal while the process runs', async () => {
  let aheadBy = 0
  const clock = { ...systemClock, now: () => Date.now() + aheadBy }
  const authority = await openAuthority({ secrets, clock, random: systemRandom, file, publicHost: 'localhost' }, never)
  const before = [authority.server(), authority.cira()]
  let told = 0
  using _listening = authority.onRenewed(() => told++)
  assert.equal(await authority.renewIfDue(never), 'kept')
  assert.equal(told, 0)
  aheadBy = 380 * DAY
  assert.equal(await authority.renewIfDue(never), 'renewed')
  assert.equal(told, 1)
  for (const { certificate } of before)
    assert.ok(![authority.server().certificate, authority.cira().certificate].includes(certificate))
})

test('a certificate that could be renewed is shown though the other could not', async () => {
  let aheadBy = 0
  let away = false
  const authority = await openAuthority(
    {
      secrets: {
        ...secrets,
        put: (path, ...rest) =>
          away && path.kind === 'system' && path.name === 'cira'
            ? Promise.reject(new Error('sealed'))
            : secrets.put(path, ...rest),
      },
      clock: { ...systemClock, now: () => Date.now() + aheadBy },
      random: systemRandom,
      file,
      publicHost: 'localhost',
    },
    never,
  )
  const [server, cira] = [authority.server(), authority.cira()]
  const shown: string[] = []
  using _listening = authority.onRenewed(() => shown.push(authority.server().certificate))
  aheadBy = 800 * DAY
  away = true
  await assert.rejects(authority.renewIfDue(never), /sealed/)
  assert.equal(shown.length, 1)
  assert.notEqual(shown[0], server.certificate)
  assert.equal(authority.cira().certificate, cira.certificate)
  away = false
  assert.equal(await authority.renewIfDue(never), 'renewed')
  assert.notEqual(authority.cira().certificate, cira.certificate)
})

test('a lost, broken or exchanged authority refuses to start and is left as it is', async () => {
  await assert.rejects(open({ secrets: memorySecrets() }), coded('CA_MISSING'))
  const broken = memorySecrets()
  await broken.put({ kind: 'system', name: 'ca' }, { certificate: secret('x'), key: secret('y') }, undefined, never)
  await assert.rejects(open({ secrets: broken }), coded('CA_UNREADABLE'))
  const otherFile = join(folder, 'other.crt')
  await writeFile(otherFile, first.server().certificate)
  await assert.rejects(open({ file: otherFile }), coded('CA_CHANGED'))
  const away: SecretStore = { ...secrets, get: () => Promise.reject(new Error('sealed')) }
  await assert.rejects(open({ secrets: away }), /sealed/)
  assert.equal(await readFile(file, 'utf8'), first.certificate)
})

test('a removed public copy is written again', async () => {
  await rm(file)
  await open()
  assert.equal(await readFile(file, 'utf8'), first.certificate)
})
