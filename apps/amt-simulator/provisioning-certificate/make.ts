import { randomBytes } from 'node:crypto'
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { printTrust } from '../trust.ts'
import {
  derOf,
  hashOf,
  type Issued,
  type LeafWish,
  makeIntermediate,
  makeLeaf,
  makeRoot,
  pkcs8Of,
  readRoot,
} from './issue.ts'
import { type PfxCiphers, packPfx } from './pfx.ts'

export interface ProvisioningWish extends LeafWish {
  /** Folder of all files; an authority that is there already is used again. */
  readonly out: string
  /** Of the authority, where one is made. */
  readonly authority: string
  /** File name of the PFX. */
  readonly pfx: string
  readonly ciphers: PfxCiphers
  /** Left out: the one kept in the folder, or a new one. */
  readonly passwordFile?: string
  readonly intermediates: number
  /** Whether the PFX holds the root too. */
  readonly root: boolean
}

/** The files made, and what is worth telling of them. */
export interface ProvisioningFiles {
  readonly pfx: string
  readonly password: string
  readonly rootHash: string
  /** SHA-256 of the root, hexadecimal. */
  readonly hash: string
  readonly commonName: string
  readonly notAfter: Date
}

/** Makes an authority, a provisioning certificate and the file by which simulated machines trust them. */
export const makeProvisioningCertificate = async (wish: ProvisioningWish): Promise<ProvisioningFiles> => {
  const { out, commonName } = wish
  await mkdir(out, { recursive: true, mode: 0o700 })
  const root = await authority(out, wish.authority)
  const chain = [root]
  for (let number = 1; number <= wish.intermediates; number++)
    chain.unshift(await makeIntermediate(chain[0]!, `Outrider Test Provisioning Authority ${number}`))
  const leaf = await makeLeaf(chain[0]!, wish)
  const certificates = [leaf, ...chain].filter((each) => wish.root || each !== root)
  const { text: password, file: passwordFile } = await passwordOf(out, wish.passwordFile)
  const pfx = join(out, wish.pfx)
  await writePrivate(
    pfx,
    packPfx({
      certificates: certificates.map(derOf),
      privateKey: await pkcs8Of(leaf),
      password,
      ciphers: wish.ciphers,
      friendlyName: commonName,
    }),
  )
  const rootHash = join(out, 'root-hash.json')
  const hash = hashOf(root)
  await writeFile(rootHash, printTrust([{ name: wish.authority, hash, isActive: true, isDefault: false }]))
  return { pfx, password: passwordFile, rootHash, hash, commonName, notAfter: leaf.certificate.notAfter }
}

/** The authority of the folder: the one that is there, or a new one. */
const authority = async (out: string, name: string): Promise<Issued> => {
  const files = { certificate: join(out, 'ca.crt'), key: join(out, 'ca.key') }
  const [certificate, key] = await Promise.all([existing(files.certificate), existing(files.key)])
  if (certificate !== undefined && key !== undefined) return readRoot(certificate, key)
  const root = await makeRoot(name)
  await writePrivate(files.key, Buffer.from(pem('PRIVATE KEY', await pkcs8Of(root))))
  await writeFile(files.certificate, `${root.certificate.toString('pem')}\n`)
  return root
}

/** A password is the text of its file, without the line break at its end. */
const passwordOf = async (out: string, given: string | undefined): Promise<{ text: string; file: string }> => {
  const strip = (text: string): string => text.replace(/\r?\n$/, '')
  if (given !== undefined) return { text: strip(await readFile(given, 'utf8')), file: given }
  const file = join(out, 'provisioning-password')
  const kept = await existing(file)
  if (kept !== undefined) return { text: strip(kept), file }
  const text = randomBytes(15).toString('base64url')
  await writePrivate(file, Buffer.from(`${text}\n`))
  return { text, file }
}

/** The text of a file; `undefined` where there is none. */
const existing = async (path: string): Promise<string | undefined> => {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** A file that only its owner reads, also where it was there before. */
const writePrivate = async (path: string, bytes: Uint8Array): Promise<void> => {
  await writeFile(path, bytes, { mode: 0o600 })
  await chmod(path, 0o600)
}

const pem = (label: string, der: Uint8Array): string =>
  `-----BEGIN ${label}-----\n${Buffer.from(der)
    .toString('base64')
    .match(/.{1,64}/g)!
    .join('\n')}\n-----END ${label}-----\n`
