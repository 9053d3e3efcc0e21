import { faultTable } from '@outrider/protocols/values'

/**
 * Faults of provisioning certificates. Where existing clients know a text, the message is that text (reference/rps.md
 * 3.4, 5.1).
 */
export const certificateFaults = faultTable({
  PROVISIONING_CERT_PASSWORD_WRONG: {
    kind: 'invalid',
    message:
      'Unable to decrypt provisioning certificate. Please check that the password is correct, and that the certificate is a valid certificate.',
    remedy: 'Give the password the PFX file was exported with.',
  },
  PROVISIONING_CERT_UNREADABLE: {
    kind: 'invalid',
    message:
      'Unable to decrypt provisioning certificate. Please check that the password is correct, and that the certificate is a valid certificate.',
    remedy:
      'Give a PKCS#12 file (.pfx or .p12) in base64, exported with its private key and all certificates of its chain.',
  },
  PROVISIONING_CERT_READER_BUSY: {
    kind: 'unavailable',
    message: 'The provisioning certificate could not be read within {seconds} seconds.',
    remedy: 'Try again; export the PFX file with fewer iterations of its key derivation if it stays so.',
  },
  PROVISIONING_CERT_EMPTY: {
    kind: 'invalid',
    message: 'No certificates found in the provisioning certificate',
    remedy: 'Export the PFX file with the certificate and all certificates of its chain.',
  },
  PROVISIONING_CERT_WITHOUT_NAME: {
    kind: 'invalid',
    message: 'Provisioning certificate does not contain a Common Name (CN) in the subject',
    remedy: 'Get a certificate whose common name is a host name below the DNS suffix of the machines.',
  },
  PROVISIONING_CERT_OTHER_SUFFIX: {
    kind: 'invalid',
    message: 'FQDN not associated with provisioning certificate',
    remedy: 'Use the DNS suffix the certificate is for ({names}), or a certificate for {suffix}.',
  },
  PROVISIONING_CERT_NOT_YET_VALID: {
    kind: 'invalid',
    message: 'Uploaded certificate is not yet valid: notBefore date {at} is in the future',
    remedy: 'Check the clock of this service, or wait until the certificate is valid.',
  },
  PROVISIONING_CERT_EXPIRED: {
    kind: 'invalid',
    message: 'Uploaded certificate has expired',
    remedy: 'Get a new certificate for {subject} (it ended {at}) and upload it under the same name.',
  },
  PROVISIONING_CERT_WITHOUT_ROOT: {
    kind: 'invalid',
    message: 'Provisioning certificate does not contain a root certificate',
    remedy: 'Export the PFX file with all certificates of the chain, up to the root.',
  },
  PROVISIONING_CERT_KEY_TOO_SHORT: {
    kind: 'invalid',
    message: 'Certificate key size {bits} bits is below the minimum required 2048 bits for AMT',
    remedy: 'Get a certificate with an RSA key of 2048 bits or more.',
  },
  PROVISIONING_CERT_NOT_RSA: {
    kind: 'invalid',
    message:
      'No certificates could be parsed from the provisioning certificate. The certificate may use an unsupported public-key algorithm; an RSA-keyed certificate is required.',
    remedy: 'Get a certificate with an RSA key instead of {algorithm}: firmware accepts no other signature.',
  },
  PROVISIONING_CERT_WITHOUT_KEY: {
    kind: 'invalid',
    message: 'Provisioning certificate does not contain a private key',
    remedy: 'Export the PFX file with its private key.',
  },
  PROVISIONING_CERT_KEY_MISMATCH: {
    kind: 'invalid',
    message: 'Private key in the PFX does not match the leaf certificate public key',
    remedy: 'Export certificate and private key together.',
  },
  PROVISIONING_CERT_CHAIN_BROKEN: {
    kind: 'invalid',
    message: 'Certificate chain is broken: cannot find issuer for a certificate in the chain',
    remedy: 'Export the PFX file with all certificates of the chain; the issuer of {subject} is missing.',
  },
  PROVISIONING_CERT_CHAIN_UNSIGNED: {
    kind: 'invalid',
    message: 'Certificate chain signature verification failed: {subject} is not signed by the certificate it names',
    remedy: 'Export the PFX file anew with the certificates the authority gave out together.',
  },
  PROVISIONING_CERT_PURPOSE_MISSING: {
    kind: 'invalid',
    message: 'Leaf certificate is missing the Intel AMT Activation EKU OID (2.16.840.1.113741.1.2.3)',
    remedy:
      'Get a certificate with this extended key usage, or with the organisational unit "Intel(R) Client Setup Certificate".',
  },
  DNS_SUFFIX_MISSING: {
    kind: 'device',
    message: 'The machine has no DNS suffix, so that no provisioning certificate can be chosen for it.',
    remedy:
      'Let DHCP give out a suffix (option 15) or set the PKI DNS suffix in MEBx; or activate in client control mode.',
  },
  CERTIFICATE_HASHES_MISSING: {
    kind: 'device',
    message: 'The firmware trusts no root certificate at all, so that no provisioning certificate can convince it.',
    remedy: 'Activate a root hash, or add one, in MEBx; or activate in client control mode.',
  },
  DOMAIN_NOT_CONFIGURED: {
    kind: 'missing',
    message: 'There is no provisioning certificate for the DNS suffix {suffix}.',
    remedy: 'Upload one with `orch-cli create amtprofile NAME --cert FILE --domain-suffix {suffix}`.',
  },
  PROVISIONING_ROOT_NOT_TRUSTED: {
    kind: 'device',
    message: 'The firmware does not trust the root of the provisioning certificate for {suffix} ({roots}).',
    remedy: "Use a certificate of an authority whose root hash is active in the machine's MEBx, or add its hash there.",
  },
})
