import type { AmtProfile, CiraConfig, DomainProfile } from '@outrider/domain/ports'

/** How a CIRA config is shown (reference/rps.md 3.3): never with its password. */
export const ciraConfigItem = (config: CiraConfig) => ({
  configName: config.name,
  mpsServerAddress: config.mpsAddress,
  mpsPort: config.mpsPort,
  username: config.username,
  commonName: config.commonName,
  serverAddressFormat: config.addressFormat,
  authMethod: config.authMethod,
  mpsRootCertificate: config.mpsRootCertificate,
  proxyDetails: config.proxyDetails,
  tenantId: config.project,
  version: String(config.version),
})

/** How a profile is shown (reference/rps.md 3.5): never with its passwords. */
export const profileItem = (profile: AmtProfile) => ({
  profileName: profile.name,
  activation: profile.activation,
  ciraConfigName: profile.ciraConfigName ?? null,
  generateRandomPassword: profile.generateRandomPassword,
  generateRandomMEBxPassword: profile.generateRandomMebxPassword,
  tags: profile.tags,
  dhcpEnabled: profile.dhcpEnabled,
  tlsMode: profile.tlsMode ?? null,
  userConsent: profile.userConsent,
  iderEnabled: profile.iderEnabled,
  kvmEnabled: profile.kvmEnabled,
  solEnabled: profile.solEnabled,
  tenantId: profile.project,
  tlsSigningAuthority: profile.tlsSigningAuthority ?? null,
  version: String(profile.version),
  ieee8021xProfileName: null,
  wifiConfigs: [],
  ipSyncEnabled: profile.ipSyncEnabled,
  localWifiSyncEnabled: profile.localWifiSyncEnabled,
  uefiWifiSyncEnabled: profile.uefiWifiSyncEnabled,
  proxyConfigs: [],
})

/** How a domain is shown (reference/rps.md 3.4): never with its certificate or password. */
export const domainItem = (domain: DomainProfile) => ({
  profileName: domain.name,
  domainSuffix: domain.suffix,
  provisioningCertStorageFormat: domain.storageFormat,
  expirationDate: new Date(domain.expiresAt).toISOString(),
  tenantId: domain.project,
  version: String(domain.version),
})
