import type { Prove } from '@outrider/domain/activation'
import type { ProjectId } from '@outrider/domain/identity'
import type { Clock, EventSink, ProvisioningStore } from '@outrider/domain/ports'
import { rpsFaults } from '../faults.ts'
import { chooseDomain, type TrustFacts } from './choose-domain.ts'
import type { KeptCertificates } from './kept-certificates.ts'
import { requireValidAt, signWith } from './provisioning-certificate.ts'

/**
 * Proof for one admitted activation, and for no other: it signs once, and says so in an event. Throws the faults of
 * `chooseDomain` and `KeptCertificates`, `PROVISIONING_CERT_NOT_YET_VALID`, `PROVISIONING_CERT_EXPIRED`.
 */
export const proofFor =
  (
    project: ProjectId,
    facts: TrustFacts,
    about: { readonly operation: string; readonly host: string; readonly guid: string },
    deps: {
      readonly store: Pick<ProvisioningStore, 'domains'>
      readonly certificates: KeptCertificates
      readonly clock: Clock
      readonly events: EventSink
    },
  ): Prove =>
  async (signal) => {
    const domain = await chooseDomain(project, facts, deps.store, deps.clock.now(), signal)
    const certificate = await deps.certificates.of(domain, signal)
    requireValidAt(certificate.chain, deps.clock.now())
    let signed = false
    return {
      chain: certificate.chain.map(({ raw }) => raw),
      sign: async (bytes) => {
        if (signed) throw rpsFaults.SIGNED_ALREADY()
        signed = true
        const { name, suffix, rootName } = domain
        deps.events.emit('provisioning.signed', { ...about, domain: name, suffix, root: rootName })
        return signWith(certificate, bytes)
      },
    }
  }
