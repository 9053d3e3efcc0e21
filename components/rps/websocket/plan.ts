import type { ActivationPlan, CiraPlan } from '@outrider/domain/activation'
import {
  type AmtProfile,
  ciraConfigSecretKeys,
  type ProvisioningStore,
  profileSecretKeys,
  type SecretStore,
} from '@outrider/domain/ports'
import type { IpConfiguration } from '@outrider/protocols/rps'
import { type Bytes, fromBase64, type Secret } from '@outrider/protocols/values'
import { rpsFaults } from '../faults.ts'
import { readKept } from '../kept-secret.ts'

/**
 * A profile with everything it names looked up. Throws `CIRA_CONFIG_NOT_FOUND`, `CIRA_CONFIG_INVALID`,
 * `PROFILE_SECRET_MISSING`, `PROFILE_TLS_UNSUPPORTED` and the faults of the stores.
 */
export const planOf = async (
  profile: AmtProfile,
  ip: IpConfiguration,
  deps: {
    readonly store: ProvisioningStore
    readonly secrets: SecretStore
    /** Root certificate of our own MPS, DER: for CIRA configs that name none. */
    readonly mpsRoot: () => Bytes
  },
  signal: AbortSignal,
): Promise<ActivationPlan> => {
  const { name } = profile
  if ((profile.tlsMode ?? 0) !== 0) throw rpsFaults.PROFILE_TLS_UNSUPPORTED({ name })
  const { password, mebx } = await passwordsOf(profile, deps.secrets, signal)
  const cira = profile.ciraConfigName === undefined ? undefined : await ciraPlan(profile, deps, signal)
  const address =
    profile.dhcpEnabled || profile.ipSyncEnabled || ip.ipAddress === '' || ip.netmask === ''
      ? undefined
      : {
          ip: ip.ipAddress,
          netmask: ip.netmask,
          ...(ip.gateway === '' ? {} : { gateway: ip.gateway }),
          ...(ip.primaryDns === '' ? {} : { primaryDns: ip.primaryDns }),
          ...(ip.secondaryDns === '' ? {} : { secondaryDns: ip.secondaryDns }),
        }
  return {
    ...(password === undefined ? {} : { password }),
    ...(mebx === undefined ? {} : { mebx }),
    network: {
      dhcp: profile.dhcpEnabled,
      ipSync: profile.ipSyncEnabled,
      ...(address === undefined ? {} : { address }),
    },
    features: {
      kvm: profile.kvmEnabled,
      sol: profile.solEnabled,
      ider: profile.iderEnabled,
      consent: ({ None: 'none', KVM: 'kvm', All: 'all' } as const)[profile.userConsent],
    },
    ...(cira === undefined ? {} : { cira }),
  }
}

/** The fixed passwords of a profile. A CCM profile may have one for MEBx, too, which client control mode has no use for. */
const passwordsOf = async (
  profile: AmtProfile,
  secrets: SecretStore,
  signal: AbortSignal,
): Promise<Pick<ActivationPlan, 'password' | 'mebx'>> => {
  const { project, name, secretVersion, generateRandomPassword, generateRandomMebxPassword } = profile
  const isAdmin = profile.activation === 'acmactivate'
  if (generateRandomPassword && (!isAdmin || generateRandomMebxPassword)) return isAdmin ? { mebx: {} } : {}
  const values = await readKept(secrets, { kind: 'profile', project, name }, secretVersion, signal)
  const required = (key: string): Secret => {
    const value = values?.[key]
    if (value === undefined) throw rpsFaults.PROFILE_SECRET_MISSING({ name })
    return value
  }
  return {
    ...(generateRandomPassword ? {} : { password: required(profileSecretKeys.amt) }),
    ...(isAdmin ? { mebx: generateRandomMebxPassword ? {} : { password: required(profileSecretKeys.mebx) } } : {}),
  }
}

const ciraPlan = async (
  profile: AmtProfile,
  deps: { readonly store: ProvisioningStore; readonly secrets: SecretStore; readonly mpsRoot: () => Bytes },
  signal: AbortSignal,
): Promise<CiraPlan> => {
  const { project, ciraConfigName: name = '' } = profile
  const config = await deps.store.ciraConfigs.get(project, name, signal)
  if (config === undefined) throw rpsFaults.CIRA_CONFIG_NOT_FOUND({ name })
  const rootCertificate = config.mpsRootCertificate === '' ? deps.mpsRoot() : fromBase64(config.mpsRootCertificate)
  if (rootCertificate === undefined)
    throw rpsFaults.CIRA_CONFIG_INVALID({ reason: 'mpsRootCertificate is not base64 of a certificate' })
  const password = config.fixedPassword
    ? (
        await readKept(deps.secrets, { kind: 'cira-config', project, name: config.name }, config.secretVersion, signal)
      )?.[ciraConfigSecretKeys.mps]
    : undefined
  if (config.fixedPassword && password === undefined) throw rpsFaults.PROFILE_SECRET_MISSING({ name: config.name })
  return {
    address: config.mpsAddress,
    port: config.mpsPort,
    addressFormat: config.addressFormat,
    commonName: config.commonName,
    username: config.username,
    authMethod: config.authMethod,
    rootCertificate,
    ...(password === undefined ? {} : { password }),
  }
}
