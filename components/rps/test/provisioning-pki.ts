import { execFileSync } from 'node:child_process'
import { createHash, generateKeyPairSync, X509Certificate } from 'node:crypto'
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import forge from 'node-forge'

/** What a test wants of a provisioning certificate; the rest is as firmware wants it. */
export interface LeafWishes {
  readonly commonName?: string
  /** The purpose by extended key usage, by organisational unit, or neither. */
  readonly mark?: 'eku' | 'ou' | 'none'
  /** `YYYYMMDDHHMMSSZ`. */
  readonly from?: string
  readonly to?: string
  readonly bits?: number
  readonly curve?: string
}

export interface PfxWishes {
  readonly password?: string
  readonly cipher?: 'modern' | 'legacy'
  /** Certificates beside the leaf; all of the chain where left out. */
  readonly certificates?: 'all' | 'no-root' | 'no-intermediate' | 'only-leaf'
  readonly key?: 'own' | 'foreign' | 'none'
}

/**
 * A root, an intermediate and leaves, made by OpenSSL: nothing of ours is in them. Disposed of with its folder.
 */
export class ProvisioningPki implements Disposable {
  readonly #folder = mkdtempSync(join(tmpdir(), 'provisioning-pki-'))
  readonly #name: string
  #leaves = 0

  constructor(name = 'Test Provisioning Root') {
    this.#name = name
    const authority = ['-addext', 'basicConstraints=critical,CA:TRUE', '-addext', 'keyUsage=critical,keyCertSign']
    this.#run(
      ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '3650', '-subj', `/O=Outrider/CN=${name}`],
      ...['-keyout', this.#at('root.key'), '-out', this.#at('root.pem'), '-sha256', ...authority],
    )
    this.#run(
      ...['req', '-new', '-newkey', 'rsa:2048', '-nodes', '-subj', `/O=Outrider/CN=${name} Intermediate`],
      ...['-keyout', this.#at('middle.key'), '-out', this.#at('middle.csr')],
    )
    writeFileSync(this.#at('middle.ext'), 'basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\n')
    this.#run(
      ...['x509', '-req', '-in', this.#at('middle.csr'), '-CA', this.#at('root.pem'), '-CAkey', this.#at('root.key')],
      ...['-CAcreateserial', '-days', '3650', '-sha256', '-extfile', this.#at('middle.ext')],
      ...['-out', this.#at('middle.pem')],
    )
  }

  get name(): string {
    return this.#name
  }

  /** SHA-256 of the root, as firmware lists it. */
  get rootHash(): string {
    const { raw } = new X509Certificate(readFileSync(this.#at('root.pem')))
    return createHash('sha256').update(raw).digest('hex')
  }

  /** Makes a leaf and packs it; the file's bytes. */
  pfx(leaf: LeafWishes = {}, file: PfxWishes = {}): Buffer {
    const { commonName = 'rps.vprodemo.com', mark = 'eku', from, to, bits = 2048, curve } = leaf
    const { password = 'P@ssw0rd', cipher = 'modern', certificates = 'all', key: packed = 'own' } = file
    const name = `leaf${++this.#leaves}`
    const unit = mark === 'ou' ? '/OU=Intel(R) Client Setup Certificate' : ''
    // Making a key takes longer than everything else together.
    const key = curve ?? `rsa${bits}`
    if (!existsSync(this.#at(`${key}.key`))) {
      const kind =
        curve === undefined
          ? ['RSA', '-pkeyopt', `rsa_keygen_bits:${bits}`]
          : ['EC', '-pkeyopt', `ec_paramgen_curve:${curve}`]
      this.#run('genpkey', '-algorithm', ...kind, '-out', this.#at(`${key}.key`))
    }
    copyFileSync(this.#at(`${key}.key`), this.#at(`${name}.key`))
    this.#run(
      ...['req', '-new', '-key', this.#at(`${name}.key`)],
      ...['-subj', commonName === '' ? `/O=Outrider${unit}` : `/O=Outrider${unit}/CN=${commonName}`],
      ...['-out', this.#at(`${name}.csr`)],
    )
    const purpose = mark === 'eku' ? 'serverAuth,2.16.840.1.113741.1.2.3' : 'serverAuth'
    writeFileSync(this.#at(`${name}.ext`), `basicConstraints=CA:FALSE\nextendedKeyUsage=${purpose}\n`)
    const dates = from === undefined && to === undefined ? ['-days', '365'] : []
    if (from !== undefined || to !== undefined) this.#signWithDates(name, from ?? '20200101000000Z', to!)
    else
      this.#run(
        ...['x509', '-req', '-in', this.#at(`${name}.csr`), '-CA', this.#at('middle.pem')],
        ...['-CAkey', this.#at('middle.key'), '-CAcreateserial', '-sha256', ...dates],
        ...['-extfile', this.#at(`${name}.ext`), '-out', this.#at(`${name}.pem`)],
      )
    return this.#pack(name, { password, cipher, certificates, key: packed })
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true, force: true })
  }

  #pack(name: string, { password, cipher, certificates, key }: Required<PfxWishes>): Buffer {
    const others = { all: ['middle', 'root'], 'no-root': ['middle'], 'no-intermediate': ['root'], 'only-leaf': [] }
    writeFileSync(
      this.#at(`${name}.others`),
      others[certificates].map((each) => readFileSync(this.#at(`${each}.pem`), 'utf8')).join('') || '\n',
    )
    if (key === 'foreign') return this.#packForeign(name, password)
    this.#run(
      ...['pkcs12', '-export', '-in', this.#at(`${name}.pem`), '-out', this.#at(`${name}.p12`)],
      ...(key === 'none' ? ['-nokeys'] : ['-inkey', this.#at(`${name}.key`)]),
      ...(others[certificates].length === 0 ? [] : ['-certfile', this.#at(`${name}.others`)]),
      ...(cipher === 'legacy' ? ['-legacy'] : []),
      ...['-passout', `pass:${password}`],
    )
    return readFileSync(this.#at(`${name}.p12`))
  }

  /** OpenSSL would not pack a key beside the certificate of another. */
  #packForeign(name: string, password: string): Buffer {
    const key = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
    const file = forge.pkcs12.toPkcs12Asn1(
      forge.pki.privateKeyFromPem(key.export({ type: 'pkcs1', format: 'pem' }) as string),
      [name, 'middle', 'root'].map((each) =>
        forge.pki.certificateFromPem(readFileSync(this.#at(`${each}.pem`), 'utf8')),
      ),
      password,
    )
    return Buffer.from(forge.asn1.toDer(file).getBytes(), 'binary')
  }

  #signWithDates(name: string, from: string, to: string): void {
    writeFileSync(this.#at('index.txt'), '')
    writeFileSync(this.#at('serial'), '10\n')
    writeFileSync(
      this.#at('ca.conf'),
      [
        '[ca]\ndefault_ca=it\n[it]',
        `database=${this.#at('index.txt')}\nserial=${this.#at('serial')}\nnew_certs_dir=${this.#folder}`,
        'default_md=sha256\npolicy=any\nunique_subject=no\n[any]',
        'organizationName=optional\norganizationalUnitName=optional\ncommonName=optional\n',
      ].join('\n'),
    )
    this.#run(
      ...['ca', '-batch', '-config', this.#at('ca.conf'), '-cert', this.#at('middle.pem')],
      ...['-keyfile', this.#at('middle.key'), '-in', this.#at(`${name}.csr`), '-out', this.#at(`${name}.pem`)],
      ...['-startdate', from, '-enddate', to, '-extfile', this.#at(`${name}.ext`), '-notext'],
    )
  }

  #at(name: string): string {
    return join(this.#folder, name)
  }

  #run(...options: string[]): void {
    execFileSync('openssl', options, { stdio: 'pipe' })
  }
}
