import {
  type Check,
  type FieldRule,
  type Given,
  integerWithin,
  isArray,
  isArrayOfTexts,
  isBoolean,
  lengthWithin,
  matches,
  oneOf,
  required,
  textOf,
} from './rules.ts'

// Rules and words of reference/rps.md 3.5.

const ADMIN = 'acmactivate'
const CLIENT = 'ccmactivate'
/** What firmware and the validators of existing consoles take. */
const STRONG = /^(?=.*[0-9])(?=.*[!@#$%^&*])(?=.*[a-z])(?=.*[A-Z])[a-zA-Z0-9$@!%*#?&_~^().;<=>+/[\]-]{8,32}$/
const strong = (kind: string): Check =>
  matches(
    STRONG,
    `${kind} password is required field should contains at least one lowercase letter, one uppercase letter, one numeric digit,and one special character and password length should be in between 8 to 32.`,
  )

/** What is stored already, where a profile is changed: what is not said again stays as it is. */
export interface StoredPasswords {
  readonly amt: 'fixed' | 'random' | 'none'
  readonly mebx: 'fixed' | 'random' | 'none'
}

/** Whether a password is to be had though the request neither gives one nor lets it be random. */
const isKept = (stored: StoredPasswords['amt'], flag: unknown): boolean =>
  stored === 'fixed' || (stored === 'random' && isAbsent(flag))

const isAbsent = (value: unknown): boolean => value === undefined || value === null
const isOn = (value: unknown): boolean => /^(true|1)$/.test(textOf(value))

const name: FieldRule = {
  field: 'profileName',
  checks: [
    required('AMT profile name is required'),
    // Existing services admit slashes and quotes, too, which no path and no shell can say.
    matches(
      /^[a-zA-Z0-9$@!%*#?&_~^()+,.:=[\]-]+$/,
      'AMT profile name accepts letters, numbers, special characters and no spaces',
    ),
    lengthWithin(0, 128),
  ],
}

const activation = (stored: StoredPasswords): Check[] => [
  oneOf(
    [ADMIN, CLIENT],
    `Activation accepts either ${ADMIN} (admin control activation) or ${CLIENT} (client control mode activation)`,
  ),
  (_value, given) =>
    isAbsent(given.amtPassword) &&
    !isOn(given.generateRandomPassword) &&
    !isKept(stored.amt, given.generateRandomPassword)
      ? 'Either generateRandomPassword should be enabled or provide amtPassword'
      : undefined,
  (value, given) =>
    value === ADMIN &&
    isAbsent(given.mebxPassword) &&
    !isOn(given.generateRandomMEBxPassword) &&
    !isKept(stored.mebx, given.generateRandomMEBxPassword)
      ? `MEBx Password is required for ${ADMIN}`
      : undefined,
]

/** The first two are one check to existing clients: the second is said only where the first is not. */
const eitherOr =
  (checks: readonly Check[]): Check =>
  (value, given) => {
    for (const check of checks) {
      const why = check(value, given)
      if (why !== undefined) return why
    }
    return undefined
  }

const randomAmt = (stored: StoredPasswords): Check[] => [
  isBoolean('Generate random AMT password must be a boolean true or false'),
  (value, given) => {
    const isGiven = !isAbsent(given.amtPassword)
    if (isOn(value))
      return isGiven
        ? 'Either generate Random AMT Password should be enabled or should provide AMT Password but not both'
        : undefined
    return isGiven || stored.amt === 'fixed'
      ? undefined
      : 'If generate random AMT password is disabled, amtPassword is mandatory'
  },
]

const randomMebx = (stored: StoredPasswords): Check[] => [
  isBoolean('Generate random MEBx password must be a boolean true or false'),
  (value, given) => {
    const isGiven = !isAbsent(given.mebxPassword)
    if (given.activation !== ADMIN) return undefined
    if (isOn(value))
      return isGiven
        ? 'Either generate MEBx password should be enabled or should provide MEBx password, but not both'
        : undefined
    return isGiven || stored.mebx === 'fixed'
      ? undefined
      : 'If generate random MEBx password is disabled, mebxPassword is mandatory'
  },
]

/** A list of names of configurations of another kind, of which this service keeps none. */
const references =
  (kind: 'wifi' | 'proxy', key: 'profileName' | 'name', most: number, tooMany: string): Check =>
  (value) => {
    if (!Array.isArray(value)) return undefined
    if (value.length > most) return tooMany
    const entries = value as readonly Given[]
    if (entries.some((each) => integerWithin(1, 255, 'no')(each?.priority, {}) !== undefined))
      return `${kind} config priority should be an integer and between 1 and 255`
    return value.length === 0
      ? undefined
      : `${kind} configs ${entries.map((each) => textOf(each?.[key]).slice(0, 64)).join(',')} does not exists in db`
  }

const wifiNeedsDhcp: Check = (value, given) =>
  Array.isArray(value) && value.length > 0 && !isOn(given.dhcpEnabled) ? 'Wifi supports only DHCP in AMT' : undefined

const wifiTooMany = 'A maximum of 8 wifi profiles can be stored at a time.'
const proxyTooMany = 'A maximum of 15 proxy profiles can be stored at a time.'
const wifi = references('wifi', 'profileName', 8, wifiTooMany)
const flag = (field: string, what: string): FieldRule => ({
  field,
  optional: 'nullish',
  checks: [isBoolean(`${what} must be a boolean`)],
})

const tls: readonly FieldRule[] = [
  {
    field: 'tlsMode',
    optional: 'nullish',
    checks: [
      integerWithin(
        1,
        4,
        'tlsMode must be set to one of these values: 1 (Server Authentication Only), 2 (Server and Non-TLS Authentication), 3 (Mutual TLS only), 4 (Mutual and Non-TLS authentication)',
      ),
    ],
  },
  {
    field: 'tlsSigningAuthority',
    optional: 'nullish',
    checks: [oneOf(['SelfSigned', 'MicrosoftCA'], 'TLS Signing Authority must be one of SelfSigned,MicrosoftCA')],
  },
  {
    field: 'ciraConfigName',
    optional: 'nullish',
    checks: [
      (value) => (typeof value === 'string' && value.length <= 128 ? undefined : 'Invalid value'),
      (_value, given) => (isAbsent(given.tlsMode) ? undefined : 'CIRA cannot be configured if TLS is enabled'),
    ],
  },
  { field: 'tags', optional: 'nullish', checks: [isArrayOfTexts] },
]

const features: readonly FieldRule[] = [
  {
    field: 'userConsent',
    optional: 'nullish',
    checks: [
      oneOf(['None', 'All', 'KVM'], 'User consent must be one of None,All,KVM'),
      (value, given) =>
        given.activation === CLIENT && value !== 'All'
          ? 'User consent is required for all the actions in client control mode'
          : undefined,
    ],
  },
  flag('iderEnabled', 'IDER enabled'),
  flag('kvmEnabled', 'KVM enabled'),
  flag('solEnabled', 'Serial Over Lan (sol) enabled'),
]

const proxies: FieldRule = {
  field: 'proxyConfigs',
  optional: 'nullish',
  checks: [isArray, references('proxy', 'name', 15, proxyTooMany)],
}

const NONE: StoredPasswords = { amt: 'none', mebx: 'none' }

export const newProfile: readonly FieldRule[] = [
  name,
  { field: 'activation', checks: [required('Activation is required'), ...eachOrFirst(activation(NONE))] },
  {
    field: 'amtPassword',
    // Given while passwords are random it is refused for that, not for what it is.
    when: (given) => !isOn(given.generateRandomPassword),
    optional: 'nullish',
    secret: true,
    checks: [strong('AMT')],
  },
  { field: 'generateRandomPassword', checks: randomAmt(NONE).map(withDefault) },
  { field: 'mebxPassword', optional: 'nullish', secret: true, checks: [strong('MEBx')] },
  { field: 'generateRandomMEBxPassword', checks: randomMebx(NONE).map(withDefault) },
  ...tls,
  { field: 'dhcpEnabled', checks: [required(), isBoolean('DHCP enabled must be a boolean')] },
  flag('ipSyncEnabled', 'ipSyncEnabled'),
  flag('localWifiSyncEnabled', 'localWifiSyncEnabled'),
  flag('uefiWifiSyncEnabled', 'uefiWifiSyncEnabled'),
  { field: 'wifiConfigs', optional: 'nullish', checks: [isArray, eitherOr([wifiNeedsDhcp, wifi])] },
  proxies,
  {
    field: 'ieee8021xProfileName',
    optional: 'nullish',
    checks: [
      (value) => (value === '' ? undefined : `Ieee8021x profile ${textOf(value).slice(0, 64)} does not exist in db`),
    ],
  },
  ...features,
]

export const changedProfile = (stored: StoredPasswords): readonly FieldRule[] => [
  name,
  { field: 'activation', checks: eachOrFirst(activation(stored)) },
  {
    field: 'amtPassword',
    when: (given) => !isOn(given.generateRandomPassword),
    optional: 'nullish',
    secret: true,
    checks: [strong('AMT')],
  },
  { field: 'generateRandomPassword', optional: 'nullish', checks: randomAmt(stored) },
  {
    field: 'mebxPassword',
    when: (given) => !isOn(given.generateRandomMEBxPassword),
    optional: 'nullish',
    secret: true,
    checks: [strong('MEBx')],
  },
  { field: 'generateRandomMEBxPassword', optional: 'nullish', checks: randomMebx(stored) },
  ...tls,
  { field: 'dhcpEnabled', optional: 'absent', checks: [isBoolean('DHCP enabled must be a boolean')] },
  flag('ipSyncEnabled', 'ipSyncEnabled'),
  flag('localWifiSyncEnabled', 'localWifiSyncEnabled'),
  flag('uefiWifiSyncEnabled', 'uefiWifiSyncEnabled'),
  {
    field: 'wifiConfigs',
    optional: 'nullish',
    checks: [
      isArray,
      eitherOr([
        (value, given) =>
          Array.isArray(value) && value.length > 0 && isAbsent(given.dhcpEnabled)
            ? 'DHCP enabled should be true'
            : undefined,
        wifiNeedsDhcp,
        wifi,
      ]),
    ],
  },
  proxies,
  {
    field: 'ieee8021xProfileName',
    optional: 'nullish',
    checks: [
      (value) => (value === '' ? undefined : `IEEEProfile config ${textOf(value).slice(0, 64)} does not exists in db`),
    ],
  },
  ...features,
  { field: 'version', checks: [required('Version is required to patch/update a record.')] },
]

/** The mode is one check, its passwords another: of those only the first is said. */
function eachOrFirst([mode, ...passwords]: readonly Check[]): Check[] {
  return [mode!, eitherOr(passwords)]
}

/** A flag that is left out is off. */
function withDefault(check: Check): Check {
  return (value, given) => check(value ?? false, given)
}
