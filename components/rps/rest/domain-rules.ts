import { type FieldRule, lengthWithin, matches, oneOf, required } from './rules.ts'

// Rules and words of reference/rps.md 3.4. The certificate itself is examined after them.

const name: FieldRule = {
  field: 'profileName',
  checks: [
    required('AMT Domain profile name is required'),
    matches(/^[a-zA-Z0-9_-]+$/, 'AMT Domain profile name accepts letters, numbers, hyphens (-), and underscores (_)'),
    lengthWithin(0, 128),
  ],
}

const TOO_LONG = 'Password should not exceed 64 characters in length'
const suffix = matches(/^([a-zA-Z0-9_]([a-zA-Z0-9_-]{0,62})(\.|$))+$/, 'Domain suffix should be a DNS name')
/** base64 of a PKCS#12 file; one of more than this is no certificate. */
const file = lengthWithin(0, 512 * 1024)

export const newDomain: readonly FieldRule[] = [
  name,
  {
    field: 'provisioningCertPassword',
    secret: true,
    checks: [required('Provisioning Cert Password is required'), lengthWithin(0, 64, TOO_LONG)],
  },
  { field: 'domainSuffix', checks: [required('Domain suffix name is required')] },
  { field: 'domainSuffix', when: ({ domainSuffix }) => Boolean(domainSuffix), checks: [suffix] },
  { field: 'provisioningCert', secret: true, checks: [required('Provisioning certificate is required'), file] },
  {
    field: 'provisioningCertStorageFormat',
    checks: [
      required('Provisioning Cert Storage Format is required'),
      oneOf(['raw', 'string'], "Provisioning Cert Storage Format should be either 'raw' or 'string'"),
    ],
  },
]

export const changedDomain: readonly FieldRule[] = [
  name,
  { field: 'domainSuffix', optional: 'nullish', checks: [suffix] },
  { field: 'provisioningCert', optional: 'nullish', secret: true, checks: [file] },
  {
    field: 'provisioningCertStorageFormat',
    checks: [oneOf(['raw', 'string'], 'Provisioning Cert Storage Format is either "raw" or "string"')],
  },
  { field: 'provisioningCertPassword', optional: 'nullish', secret: true, checks: [lengthWithin(0, 64, TOO_LONG)] },
]
