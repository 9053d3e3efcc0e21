import { binary, cimClass, datetime, integer, method, reference, secretText, text } from '../../wsman/cim.ts'

/** Adds and removes certificates and keys (reference/amt-firmware.md 8.11). */
export const AMT_PublicKeyManagementService = cimClass('AMT_PublicKeyManagementService', {
  properties: {
    CreationClassName: text,
    ElementName: text,
    EnabledDefault: integer,
    EnabledState: integer,
    InstallDate: datetime,
    Name: text,
    RequestedState: integer,
    SystemCreationClassName: text,
    SystemName: text,
  },
  methods: {
    /** `CertificateBlob` is DER. 2058 DUPLICATE where the store has it already. */
    AddTrustedRootCertificate: method({ CertificateBlob: binary }, { CreatedCertificate: reference }, { once: true }),
    AddCertificate: method({ CertificateBlob: binary }, { CreatedCertificate: reference }, { once: true }),
    /** `KeyBlob`: base64 of a PKCS#1 private key. */
    AddKey: method({ KeyBlob: secretText }, { CreatedKey: reference }, { once: true }),
    GenerateKeyPair: method({ KeyAlgorithm: integer, KeyLength: integer }, { KeyPair: reference }, { once: true }),
    GeneratePKCS10RequestEx: method(
      { KeyPair: reference, SigningAlgorithm: integer, NullSignedCertificateRequest: binary },
      { SignedCertificateRequest: binary },
    ),
  },
})
