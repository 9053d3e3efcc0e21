import {
  AMT_PublicKeyCertificate,
  AMT_TLSCredentialContext,
  AMT_TLSProtocolEndpointCollection,
  AMT_TLSSettingData,
} from '@outrider/protocols/amt'
import { audit } from '../../audit/audit-log.ts'
import type { FlashState, TlsSettings } from '../../state/flash-state.ts'
import { numberIn, refer, selectorText } from '../instance-names.ts'
import { classModel, type Refusal, refuse } from '../model.ts'

// TLS of the network side and of the local one (amt-firmware.md 8.12, 15.1).

const REMOTE = 'Intel(r) AMT 802.3 TLS Settings'
const LOCAL = 'Intel(r) AMT LMS TLS Settings'
const COLLECTION = 'TLSProtocolEndpoint Instances Collection'

const collection = () => refer(AMT_TLSProtocolEndpointCollection, { ElementName: COLLECTION })

const shown = (name: string, settings: TlsSettings, nonSecureSupported: boolean) => ({
  AcceptNonSecureConnections: settings.acceptNonSecure,
  ElementName: name,
  Enabled: settings.enabled,
  InstanceID: name,
  MutualAuthentication: settings.mutual,
  NonSecureConnectionsSupported: nonSecureSupported,
  TrustedCN: settings.trustedNames,
})

/** The certificate a credential refers to; a refusal where the store has none of that name or only as a root. */
const certificateOf = (
  state: FlashState,
  reference: Parameters<typeof selectorText>[0],
): { readonly name: string } | Refusal => {
  const name = selectorText(reference, 'InstanceID') ?? ''
  const handle = numberIn(name)
  const stored = state.settings.certificates.find((each) => each.handle === handle)
  return stored === undefined || stored.trustedRoot ? refuse('InvalidRepresentation') : { name }
}

export const tlsClasses = [
  classModel(AMT_TLSSettingData, {
    subject: 'security',
    instances: ({ state: { settings }, device: { quirks } }) => [
      shown(REMOTE, settings.tls.remote, quirks.remoteTls === 'optional'),
      shown(LOCAL, settings.tls.local, quirks.localTls === 'optional'),
    ],
    put: ({ state: { settings }, device: { quirks } }, instance, found) => {
      const { tls } = settings
      const remote = found.InstanceID === REMOTE
      const current = tls.pending ?? { remote: tls.remote, local: tls.local }
      const before = remote ? current.remote : current.local
      // A side on which TLS is mandatory stays TLS only.
      const mandatory = remote ? quirks.remoteTls === 'mandatory' : quirks.localTls === 'enforced'
      if (mandatory && (instance.Enabled === false || instance.AcceptNonSecureConnections === true))
        return refuse('AccessDenied')
      // Plain connections are the administrator's choice on the network side of old firmware alone.
      const choice = remote && quirks.remoteTls === 'optional' ? instance.AcceptNonSecureConnections : undefined
      const after: TlsSettings = {
        enabled: instance.Enabled ?? before.enabled,
        mutual: instance.MutualAuthentication ?? before.mutual,
        acceptNonSecure: choice ?? before.acceptNonSecure,
        trustedNames: [...(instance.TrustedCN ?? [])],
      }
      tls.pending = remote ? { ...current, remote: after } : { ...current, local: after }
      return undefined
    },
  }),
  classModel(AMT_TLSCredentialContext, {
    subject: 'security',
    instances: ({ state: { settings } }) =>
      settings.tlsCredential === null
        ? []
        : [
            {
              ElementInContext: refer(AMT_PublicKeyCertificate, { InstanceID: settings.tlsCredential.certificate }),
              ElementProvidingContext: collection(),
            },
          ],
    create: ({ state, device, caller }, instance) => {
      if (state.settings.tlsCredential !== null) return refuse('AlreadyExists')
      const certificate = certificateOf(state, instance.ElementInContext)
      if ('refusal' in certificate) return certificate
      state.settings.tlsCredential = { certificate: certificate.name, collection: COLLECTION }
      audit(state, device, 'tlsCertificateSet', caller)
      return refer(AMT_TLSCredentialContext, {
        ElementInContext: refer(AMT_PublicKeyCertificate, { InstanceID: certificate.name }),
        ElementProvidingContext: collection(),
      })
    },
    put: ({ state, device, caller }, instance) => {
      const certificate = certificateOf(state, instance.ElementInContext)
      if ('refusal' in certificate) return certificate
      state.settings.tlsCredential = { certificate: certificate.name, collection: COLLECTION }
      audit(state, device, 'tlsCertificateSet', caller)
      return undefined
    },
    delete: ({ state, device, caller }) => {
      state.settings.tlsCredential = null
      state.settings.tlsCertificate = null
      audit(state, device, 'tlsCertificateRemoved', caller)
      return undefined
    },
  }),
  classModel(AMT_TLSProtocolEndpointCollection, {
    subject: 'security',
    instances: () => [{ ElementName: COLLECTION }],
  }),
]
