import type { ProjectId } from '@outrider/domain/identity'
import type { AmtProfile, CiraConfig, ProvisioningStore } from '@outrider/domain/ports'
import type { RpsConfig } from './config.ts'

/** Names existing device managers expect (reference/emf-code.md 1.4, 1.6.2). */
export const defaultNames = {
  ciraConfig: (project: ProjectId): string => project,
  clientProfile: (project: ProjectId): string => `${project}_ccm`,
  adminProfile: (project: ProjectId): string => `${project}_acm`,
}

const IPV4 = /^\d{1,3}(\.\d{1,3}){3}$/

/** The CIRA config and the profiles every project has, made where they are missing. Safe to call again. */
export const ensureDefaults = async (
  store: ProvisioningStore,
  config: Pick<RpsConfig, 'ciraAddress' | 'ciraPort'>,
  project: ProjectId,
  signal: AbortSignal,
): Promise<void> => {
  const ciraName = defaultNames.ciraConfig(project)
  await store.ciraConfigs.insert(defaultCiraConfig(project, ciraName, config), signal)
  for (const [name, activation] of [
    [defaultNames.clientProfile(project), 'ccmactivate'],
    [defaultNames.adminProfile(project), 'acmactivate'],
  ] as const)
    await store.profiles.insert(defaultProfile(project, name, activation, ciraName), signal)
}

const defaultCiraConfig = (
  project: ProjectId,
  name: string,
  { ciraAddress, ciraPort }: Pick<RpsConfig, 'ciraAddress' | 'ciraPort'>,
): CiraConfig => ({
  project,
  name,
  mpsAddress: ciraAddress,
  mpsPort: ciraPort,
  username: 'admin',
  commonName: ciraAddress,
  addressFormat: IPV4.test(ciraAddress) ? 3 : ciraAddress.includes(':') ? 4 : 201,
  authMethod: 2,
  mpsRootCertificate: '',
  proxyDetails: '',
  fixedPassword: false,
  version: 1,
})

const defaultProfile = (
  project: ProjectId,
  name: string,
  activation: AmtProfile['activation'],
  ciraConfigName: string,
): AmtProfile => ({
  project,
  name,
  activation,
  generateRandomPassword: true,
  generateRandomMebxPassword: true,
  ciraConfigName,
  tags: [],
  dhcpEnabled: true,
  ipSyncEnabled: true,
  localWifiSyncEnabled: false,
  uefiWifiSyncEnabled: false,
  userConsent: activation === 'ccmactivate' ? 'All' : 'None',
  iderEnabled: false,
  kvmEnabled: true,
  solEnabled: true,
  version: 1,
})
