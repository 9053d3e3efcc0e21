import { createPrivateKey, createPublicKey, generateKeyPair, type KeyObject, X509Certificate } from 'node:crypto'
import { promisify } from 'node:util'
import {
  AMT_PublicKeyCertificate,
  AMT_PublicKeyManagementService,
  AMT_PublicPrivateKeyPair,
} from '@outrider/protocols/amt'
import { type Bytes, fromBase64 } from '@outrider/protocols/values'
import { audit } from '../../audit/audit-log.ts'
import type { FlashState } from '../../state/flash-state.ts'
import { certificateName, keyName, lowestFree, numberIn, refer, serviceKeys } from '../instance-names.ts'
import { type Call, classModel, refuse, returns } from '../model.ts'

// The certificate and key store (amt-firmware.md 8.11).

const SERVICE = 'Intel(r) AMT Public Key Management Service'
const MAX_ROOTS = 4
const MAX_LEAVES = 4
const MAX_KEYS = 4

const INTERNAL_ERROR = 1
const MAX_LIMIT_REACHED = 23
const DUPLICATE = 2058
const INVALID_KEY = 2062
const INVALID_CERT = 2063
const UNSUPPORTED = 2066

/** The certificate of DER bytes; `undefined` where they are none. */
export const parseCertificate = (der: Bytes): X509Certificate | undefined => {
  try {
    return new X509Certificate(der)
  } catch {
    return undefined
  }
}

// Firmware prints names in the reverse of the certificate's order, e.g. `C=unknown,O=unknown,CN=MPSRoot-0af1d5`.
const name = (lines: string): string => lines.split('\n').reverse().join(',')

const privateKey = (pkcs1: Bytes | undefined): KeyObject | undefined => {
  try {
    return pkcs1 === undefined ? undefined : createPrivateKey({ key: Buffer.from(pkcs1), format: 'der', type: 'pkcs1' })
  } catch {
    return undefined
  }
}

const base64Of = (key: KeyObject): string => (key.export({ format: 'der', type: 'pkcs1' }) as Buffer).toString('base64')

const addCertificate = ({ state, device }: Call, blob: Bytes | undefined, trustedRoot: boolean): number | string => {
  const { settings } = state
  const parsed = blob === undefined ? undefined : parseCertificate(blob)
  if (parsed === undefined) return INVALID_CERT
  if (!device.quirks.sha1Certificates && parsed.signatureAlgorithm?.startsWith('sha1')) return INVALID_CERT
  const der = parsed.raw.toString('base64')
  if (settings.certificates.some((each) => each.der === der)) return DUPLICATE
  const limit = trustedRoot ? MAX_ROOTS : MAX_LEAVES
  if (settings.certificates.filter((each) => each.trustedRoot === trustedRoot).length >= limit) return MAX_LIMIT_REACHED
  const handle = lowestFree(settings.certificates.map((each) => each.handle))
  settings.certificates.push({
    handle,
    der,
    trustedRoot,
    subject: name(parsed.subject),
    issuer: name(parsed.issuer),
  })
  return certificateName(handle)
}

const created = (outcome: number | string) =>
  typeof outcome === 'number'
    ? returns(outcome)
    : { CreatedCertificate: refer(AMT_PublicKeyCertificate, { InstanceID: outcome }), ReturnValue: 0 }

const storeKey = (state: FlashState, key: KeyObject): number | string => {
  const { keys } = state.settings
  const publicKey = base64Of(createPublicKey(key))
  if (keys.some((each) => each.publicKey === publicKey)) return DUPLICATE
  if (keys.length >= MAX_KEYS) return MAX_LIMIT_REACHED
  const handle = lowestFree(keys.map((each) => each.handle))
  keys.push({ handle, privateKey: base64Of(key), publicKey })
  return keyName(handle)
}

export const certificateClasses = [
  classModel(AMT_PublicKeyManagementService, {
    subject: 'security',
    instances: () => [
      {
        ...serviceKeys(AMT_PublicKeyManagementService, SERVICE),
        ElementName: 'Intel(r) AMT Certificate Store Service',
        EnabledDefault: 5,
        EnabledState: 5,
        RequestedState: 12,
      },
    ],
    methods: {
      AddTrustedRootCertificate: (call, { CertificateBlob }) => {
        const outcome = addCertificate(call, CertificateBlob, true)
        if (typeof outcome === 'string') audit(call.state, call.device, 'rootAdded', call.caller)
        return created(outcome)
      },
      AddCertificate: (call, { CertificateBlob }) => created(addCertificate(call, CertificateBlob, false)),
      AddKey: ({ state }, { KeyBlob }) => {
        const key = privateKey(fromBase64(KeyBlob?.reveal() ?? ''))
        if (key === undefined || key.asymmetricKeyType !== 'rsa') return returns(INVALID_KEY)
        const outcome = storeKey(state, key)
        if (typeof outcome === 'number') return returns(outcome)
        // The resource URI is that of certificates, as firmware has it.
        return { CreatedKey: refer(AMT_PublicKeyCertificate, { InstanceID: outcome }), ReturnValue: 0 }
      },
      GenerateKeyPair: ({ state, prepared }, { KeyAlgorithm, KeyLength }) => {
        if (KeyAlgorithm !== 0) return returns(UNSUPPORTED)
        if (KeyLength !== 2048 && KeyLength !== 3072 && KeyLength !== 4096) return returns(INVALID_KEY)
        if (prepared === undefined) return returns(INTERNAL_ERROR)
        const outcome = storeKey(state, prepared as KeyObject)
        if (typeof outcome === 'number') return returns(outcome)
        return { KeyPair: refer(AMT_PublicPrivateKeyPair, { InstanceID: outcome }), ReturnValue: 0 }
      },
      GeneratePKCS10RequestEx: () => returns(UNSUPPORTED),
    },
    prepare: {
      GenerateKeyPair: async (device, { KeyLength }) => {
        if (KeyLength !== 2048 && KeyLength !== 3072 && KeyLength !== 4096) return undefined
        await device.delay(device.timing.generateKeyPair)
        return (await promisify(generateKeyPair)('rsa', { modulusLength: KeyLength })).privateKey
      },
    },
  }),

  classModel(AMT_PublicKeyCertificate, {
    subject: 'security',
    instances: ({ state }) =>
      state.settings.certificates.map(({ handle, der, trustedRoot, subject, issuer }) => ({
        ElementName: 'Intel(r) AMT Certificate',
        InstanceID: certificateName(handle),
        Issuer: issuer,
        ReadOnlyCertificate: false,
        Subject: subject,
        TrustedRootCertficate: trustedRoot,
        X509Certificate: fromBase64(der)!,
      })),
    delete: ({ state, device, caller }, found) => {
      const { settings } = state
      const instance = found.InstanceID!
      const used =
        settings.tlsCredential?.certificate === instance ||
        settings.tlsCertificate === instance ||
        settings.servers.some(({ certificate }) => certificate === instance)
      if (used) return refuse('AccessDenied')
      const handle = numberIn(instance)
      settings.certificates = settings.certificates.filter((each) => each.handle !== handle)
      if (found.TrustedRootCertficate === true) audit(state, device, 'rootRemoved', caller)
      return undefined
    },
  }),

  classModel(AMT_PublicPrivateKeyPair, {
    subject: 'security',
    instances: ({ state }) =>
      state.settings.keys.map(({ handle, publicKey }) => ({
        DERKey: fromBase64(publicKey)!,
        ElementName: 'Intel(r) AMT Key',
        InstanceID: keyName(handle),
      })),
    delete: ({ state: { settings } }, found) => {
      const handle = numberIn(found.InstanceID!)
      settings.keys = settings.keys.filter((each) => each.handle !== handle)
      return undefined
    },
  }),
]
