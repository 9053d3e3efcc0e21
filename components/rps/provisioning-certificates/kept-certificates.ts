import { type DomainProfile, domainSecretKeys, type SecretStore } from '@outrider/domain/ports'
import { fromBase64, seconds } from '@outrider/protocols/values'
import { rpsFaults } from '../faults.ts'
import { readKept } from '../kept-secret.ts'
import { certificateFaults } from './faults.ts'
import { assemble, type ProvisioningCertificate } from './provisioning-certificate.ts'
import { createPfxReader, type ReadPfx } from './read-pfx.ts'

/** Certificates kept open; a deployment has a few for each project. */
const KEPT_MAX = 200
/** Opening one is shared by all who wait for it, so it outlives each of them. */
const OPENING = seconds(30)

interface Kept {
  readonly version: number
  readonly certificate: Promise<ProvisioningCertificate>
}

/** Provisioning certificates as they are used: opened once for each version, not once for each activation. */
export class KeptCertificates {
  readonly read: ReadPfx = createPfxReader()
  readonly #secrets: SecretStore
  readonly #kept = new Map<string, Kept>()

  constructor(secrets: SecretStore) {
    this.#secrets = secrets
  }

  /** Throws `DOMAIN_SECRET_MISSING`, the faults of `ReadPfx`, of `assemble` and of the secret store. */
  async of(domain: DomainProfile, signal: AbortSignal): Promise<ProvisioningCertificate> {
    const key = `${domain.project}/${domain.name}`
    let kept = this.#kept.get(key)
    if (kept?.version !== domain.secretVersion) {
      const certificate = this.#open(domain)
      const opening: Kept = { version: domain.secretVersion, certificate }
      certificate.catch(() => {
        if (this.#kept.get(key) === opening) this.#kept.delete(key)
      })
      kept = opening
    }
    // The last to have been used is the last to go.
    this.#kept.delete(key)
    this.#kept.set(key, kept)
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= KEPT_MAX) break
      this.#kept.delete(oldest)
    }
    return unlessAborted(kept.certificate, signal)
  }

  /** Closes what is kept of a domain that is gone. */
  forget({ project, name }: Pick<DomainProfile, 'project' | 'name'>): void {
    this.#kept.delete(`${project}/${name}`)
  }

  async #open({ project, name, secretVersion }: DomainProfile): Promise<ProvisioningCertificate> {
    const signal = AbortSignal.timeout(OPENING)
    const values = await readKept(this.#secrets, { kind: 'domain', project, name }, secretVersion, signal)
    const file = values?.[domainSecretKeys.certificate]
    const password = values?.[domainSecretKeys.password]
    if (file === undefined || password === undefined) throw rpsFaults.DOMAIN_SECRET_MISSING({ name })
    const pfx = fromBase64(file.reveal())
    if (pfx === undefined) throw certificateFaults.PROVISIONING_CERT_UNREADABLE()
    return assemble(await this.read(pfx, password, signal))
  }
}

const unlessAborted = async <T>(work: Promise<T>, signal: AbortSignal): Promise<T> => {
  signal.throwIfAborted()
  const aborted = Promise.withResolvers<never>()
  const abort = (): void => aborted.reject(signal.reason)
  signal.addEventListener('abort', abort, { once: true })
  try {
    return await Promise.race([work, aborted.promise])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}
