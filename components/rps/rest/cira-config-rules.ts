import {
  type Check,
  type FieldRule,
  type Given,
  integerWithin,
  isBoolean,
  isText,
  lengthWithin,
  matches,
  numberOf,
  oneOf,
  required,
  textOf,
} from './rules.ts'

// Rules and words of reference/rps.md 3.3.

const OCTET = '([01]?[0-9]?[0-9]|2[0-4][0-9]|25[0-5])'
const IPV4 = new RegExp(`^${OCTET}(\\.${OCTET}){3}$`)
const IPV6 = /^(?=.*:)[0-9A-Fa-f:]{2,39}$/
const FQDN = /^(?=.{1,254}$)((?=[a-z0-9-]{1,63}\.)(xn--+)?[a-z0-9]+(-[a-z0-9]+)*\.)+[a-z]{2,63}$/

const name: FieldRule = {
  field: 'configName',
  checks: [
    required('CIRA profile name is required'),
    matches(/^[a-zA-Z0-9_-]+$/, 'CIRA profile name accepts letters, numbers, underscore and hyphen only'),
    lengthWithin(0, 128),
  ],
}

const isAbsent = (value: unknown): boolean => value === undefined || value === null

/** Whether the address is of the format that is given with it. */
const fitsFormat: Check = (value, given) => {
  const format = numberOf(given.serverAddressFormat)
  const address = textOf(value)
  if (format === undefined) return 'serverAddressFormat is required'
  if (isAbsent(value)) return undefined
  if (format === 3) {
    if (!IPV4.test(address)) return 'serverAddressFormat 3 requires IPV4 server address'
    return isAbsent(given.commonName) ? 'commonName is required when serverAddressFormat is 3' : undefined
  }
  if (format === 4 && !IPV6.test(address)) return 'serverAddressFormat 4 requires IPV6 server address'
  if (format === 201 && !FQDN.test(address) && !IPV4.test(address) && address !== 'localhost')
    return 'serverAddressFormat 201 requires FQDN server address'
  return undefined
}

const withoutName = (given: Given): boolean => numberOf(given.serverAddressFormat) !== 201
const isAddress = matches(IPV4, 'Cert. Hostname(CN) should be an IP address.')
const user: readonly Check[] = [
  matches(/^[a-zA-Z0-9]+$/, 'MPS user name should be alphanumeric'),
  lengthWithin(5, 16, 'MPS user name length should be in between 5 to 16'),
]
const PORT = 'MPS Port value should range between 1024 and 49151'
/** What `AddMpServer` takes at most (reference/amt-firmware.md 8.13). */
const password: FieldRule = {
  field: 'password',
  optional: 'nullish',
  secret: true,
  checks: [isText, lengthWithin(0, 16, 'MPS password length should not exceed 16')],
}
const proxyDetails: FieldRule = { field: 'proxyDetails', optional: 'nullish', checks: [isText] }

export const newCiraConfig: readonly FieldRule[] = [
  name,
  {
    field: 'serverAddressFormat',
    checks: [
      required('MPS server address format is required'),
      oneOf([3, 4, 201], 'MPS server address format should be either 3(IPV4) , 4(IPV6) or 201(FQDN)'),
    ],
  },
  { field: 'mpsServerAddress', checks: [required('MPS server address is required'), fitsFormat] },
  { field: 'mpsPort', checks: [required('MPS port is required'), integerWithin(1024, 49151, PORT)] },
  { field: 'username', checks: [required('MPS user name is required'), ...user] },
  { field: 'commonName', when: withoutName, optional: 'nullish', checks: [isAddress] },
  {
    field: 'authMethod',
    checks: [
      required('Authentication method is required'),
      oneOf([1, 2], 'Authentication method should be either 1 (Mutual Auth) or 2 (username and password)'),
    ],
  },
  { field: 'mpsRootCertificate', checks: [required('MPS public root certificate is required'), isCertificateText] },
  proxyDetails,
  password,
]

/** A certificate may be long. What is in it is looked at when a device is told of it. */
function isCertificateText(value: unknown): string | undefined {
  return isAbsent(value) || (typeof value === 'string' && value.length <= 65_536) ? undefined : 'Invalid value'
}

export const changedCiraConfig: readonly FieldRule[] = [
  name,
  {
    field: 'serverAddressFormat',
    optional: 'absent',
    checks: [
      oneOf([3, 4, 201], 'MPS server address format 3(IPV4) , 4(IPV6) or 201(FQDN)'),
      (_value, given) => (isAbsent(given.mpsServerAddress) ? 'Server address is required to update' : undefined),
    ],
  },
  { field: 'mpsServerAddress', optional: 'absent', checks: [fitsFormat] },
  {
    field: 'mpsPort',
    optional: 'absent',
    checks: [
      (value) =>
        typeof value === 'number' && value > 1024 && value < 49151 && Number.isInteger(value) ? undefined : PORT,
    ],
  },
  { field: 'username', optional: 'absent', checks: user },
  {
    field: 'commonName',
    when: withoutName,
    optional: 'nullish',
    checks: [
      isAddress,
      (_value, given) =>
        isAbsent(given.serverAddressFormat) || isAbsent(given.mpsServerAddress)
          ? 'serverAddressFormat and mpsServerAddress is required'
          : undefined,
    ],
  },
  {
    field: 'authMethod',
    optional: 'absent',
    checks: [oneOf([1, 2], 'Authentication method accepts either 1 - Mutual Auth or 2 -username/password)')],
  },
  { field: 'mpsRootCertificate', optional: 'nullish', checks: [isCertificateText] },
  proxyDetails,
  password,
  { field: 'regeneratePassword', optional: 'absent', checks: [isBoolean()] },
]
