import { type ApiOptions, apiCaller, queryOf } from './api-caller.ts'

/** A provisioning certificate and the DNS suffix it is for (reference/rps.md 3.4), as far as it is shown. */
export interface AmtProfileView {
  readonly profileName: string
  readonly domainSuffix: string
  /** ISO 8601. */
  readonly expirationDate: string
  readonly provisioningCertStorageFormat: string
  readonly version: string
  readonly tenantId: string
}

/** Where and how devices dial home (reference/rps.md 3.3). */
export interface CiraView {
  readonly configName: string
  readonly mpsServerAddress: string
  readonly mpsPort: number
  readonly username: string
  readonly commonName: string
  readonly serverAddressFormat: number
  readonly authMethod: number
  readonly version: string
  readonly tenantId: string
}

export interface ProvisioningApi {
  amtProfiles(): Promise<readonly AmtProfileView[]>
  amtProfile(name: string): Promise<AmtProfileView>
  createAmtProfile(body: object): Promise<AmtProfileView>
  deleteAmtProfile(name: string): Promise<void>
  ciraConfigs(): Promise<readonly CiraView[]>
  ciraConfig(name: string): Promise<CiraView>
  createCiraConfig(body: object): Promise<CiraView>
  deleteCiraConfig(name: string): Promise<void>
  /** The root certificate devices must trust, PEM. */
  ciraRoot(): Promise<string>
}

const PAGE = 100
const MOST = 10_000

const amtProfileOf = (item: AmtProfileView): AmtProfileView => {
  const { profileName, domainSuffix, expirationDate, provisioningCertStorageFormat, version, tenantId } = item
  return { profileName, domainSuffix, expirationDate, provisioningCertStorageFormat, version, tenantId }
}

const ciraOf = (item: CiraView): CiraView => {
  const { configName, mpsServerAddress, mpsPort, username, commonName, serverAddressFormat, authMethod } = item
  const { version, tenantId } = item
  return {
    configName,
    mpsServerAddress,
    mpsPort,
    username,
    commonName,
    serverAddressFormat,
    authMethod,
    version,
    tenantId,
  }
}

/** The provisioning API of one project. Only what is meant for people is taken from its answers. */
export const provisioningApi = (options: ApiOptions): ProvisioningApi => {
  const { call, get, json } = apiCaller(options)
  // The address existing command lines use too (reference/emf-code.md 4.4): it names the project.
  const base = `${options.endpoint}/v1/projects/${encodeURIComponent(options.project)}/dm/amt/admin`

  const collection = <T>(path: string, show: (item: T) => T) => {
    const one = (name: string): string => `${base}/${path}/${encodeURIComponent(name)}`
    return {
      list: async (): Promise<T[]> => {
        const items: T[] = []
        while (items.length < MOST) {
          const page = await get<T[]>(`${base}/${path}${queryOf({ $top: PAGE, $skip: items.length })}`)
          items.push(...page.map(show))
          if (page.length < PAGE) break
        }
        return items
      },
      get: async (name: string): Promise<T> => show(await get<T>(one(name))),
      create: async (body: object): Promise<T> => show(json<T>(await call('POST', `${base}/${path}`, body))),
      delete: async (name: string): Promise<void> => {
        await call('DELETE', one(name), undefined)
      },
    }
  }
  const domains = collection<AmtProfileView>('domains', amtProfileOf)
  const configs = collection<CiraView>('ciraconfigs', ciraOf)

  return {
    amtProfiles: domains.list,
    amtProfile: domains.get,
    createAmtProfile: domains.create,
    deleteAmtProfile: domains.delete,
    ciraConfigs: configs.list,
    ciraConfig: configs.get,
    createCiraConfig: configs.create,
    deleteCiraConfig: configs.delete,
    ciraRoot: async () => (await call('GET', `${options.endpoint}/api/v1/ciracert`, undefined)).text,
  }
}
