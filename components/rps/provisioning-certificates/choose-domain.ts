import type { ProjectId } from '@outrider/domain/identity'
import type { DomainProfile, ProvisioningStore } from '@outrider/domain/ports'
import type { EpochMilliseconds } from '@outrider/protocols/values'
import { certificateFaults } from './faults.ts'
import { suffixesOf } from './suffixes.ts'

/** What a device says about whom it trusts. */
export interface TrustFacts {
  /** Its DNS suffix, perhaps with the labels of a host before it. */
  readonly fqdn: string
  /** Hashes of the roots its firmware trusts, lower-case hexadecimal: SHA-1, SHA-256 or SHA-384 by their length. */
  readonly certHashes: readonly string[]
}

/**
 * The provisioning certificate for a device: of those for its suffix, or one above it, the nearest whose root its
 * firmware trusts, and of several the one that lasts longest. Throws `DNS_SUFFIX_MISSING`,
 * `CERTIFICATE_HASHES_MISSING`, `DOMAIN_NOT_CONFIGURED`, `PROVISIONING_ROOT_NOT_TRUSTED`,
 * `PROVISIONING_CERT_EXPIRED`.
 */
export const chooseDomain = async (
  project: ProjectId,
  { fqdn, certHashes }: TrustFacts,
  store: Pick<ProvisioningStore, 'domains'>,
  now: EpochMilliseconds,
  signal: AbortSignal,
): Promise<DomainProfile> => {
  const suffixes = suffixesOf(fqdn)
  const [suffix] = suffixes
  if (suffix === undefined) throw certificateFaults.DNS_SUFFIX_MISSING()
  if (certHashes.length === 0) throw certificateFaults.CERTIFICATE_HASHES_MISSING()
  const found = await store.domains.bySuffix(project, suffixes, signal)
  if (found.length === 0) throw certificateFaults.DOMAIN_NOT_CONFIGURED({ suffix })
  const trusted = new Set(certHashes.map((hash) => hash.toLowerCase()))
  const fitting = found.filter(({ rootHashes }) => Object.values(rootHashes).some((hash) => trusted.has(hash)))
  if (fitting.length === 0) {
    const roots = [...new Set(found.map(({ rootName }) => rootName))].join(', ')
    throw certificateFaults.PROVISIONING_ROOT_NOT_TRUSTED({ suffix, roots })
  }
  const [best] = fitting.toSorted(
    (a, b) =>
      Number(b.expiresAt > now) - Number(a.expiresAt > now) ||
      b.suffix.length - a.suffix.length ||
      b.expiresAt - a.expiresAt,
  )
  if (best!.expiresAt <= now)
    throw certificateFaults.PROVISIONING_CERT_EXPIRED({
      subject: best!.name,
      at: new Date(best!.expiresAt).toISOString(),
    })
  return best!
}
