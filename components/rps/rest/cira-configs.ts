import type { RequestContext } from '@outrider/domain/identity'
import { type CiraConfig, ciraConfigSecretKeys, type ProvisioningStore } from '@outrider/domain/ports'
import { route } from '@outrider/protocols/rest'
import { Secret } from '@outrider/protocols/values'
import { rpsFaults } from '../faults.ts'
import { writeKept } from '../kept-secret.ts'
import { changedCiraConfig, newCiraConfig } from './cira-config-rules.ts'
import { tagged } from './conditional.ts'
import { documented, nameParams, type RestDeps } from './deps.ts'
import { ciraConfigItem } from './items.ts'
import { listAll, listQuery } from './listing.ts'
import { type Given, numberOf, problemsOf, refuse, textOf, wordOf } from './rules.ts'
import { findNamed, projectFor } from './scope.ts'
import { meantBy, outdated } from './versions.ts'

const row = route<RequestContext>()
const PATH = '/api/v1/admin/ciraconfigs'
const common = { permission: 'operate', scope: 'caller', origin: 'legacy-rps' } as const

const body = documented({
  configName: 'Letters, numbers, underscore and hyphen',
  mpsServerAddress: 'Where devices dial',
  mpsPort: '1024 to 49151',
  username: '5 to 16 letters and numbers',
  password: 'One for all devices, at most 16 characters; random for each device where left out. Never shown',
  commonName: 'Address in the certificate of the MPS, where the server address is no name',
  serverAddressFormat: '3 IPv4, 4 IPv6, 201 FQDN',
  authMethod: '1 mutual TLS, 2 user name and password',
  mpsRootCertificate: 'Root certificate of the MPS, base64 of DER',
  proxyDetails: 'Kept, not used',
  version: 'Of a change: the version it is meant for',
})

/** The turn of whoever writes a CIRA config, or writes something that names it. */
export const ciraConfigTurn = (project: string, name: string): string => `cira-config/${project}/${name.toLowerCase()}`

/** `/api/v1/admin/ciraconfigs` (reference/rps.md 3.3). */
export const ciraConfigRoutes = ({ store, secrets, turns }: RestDeps) => {
  const find = async (context: RequestContext, headers: Headers, name: string, signal: AbortSignal) => {
    const found = await findNamed(store.ciraConfigs, context, headers, name, signal)
    if (found === undefined) throw rpsFaults.CIRA_CONFIG_NOT_FOUND({ name })
    return found
  }

  /** Writes a row and, where one is given, its password. */
  const write = async <Outcome extends string>(
    config: CiraConfig,
    password: string | undefined,
    done: Outcome,
    commit: (config: CiraConfig) => Promise<Outcome>,
    signal: AbortSignal,
  ): Promise<Outcome> => {
    if (password === undefined) return commit(config)
    const path = { kind: 'cira-config', project: config.project, name: config.name } as const
    const values = { [ciraConfigSecretKeys.mps]: new Secret(password) }
    return writeKept(secrets, path, values, done, (secretVersion) => commit({ ...config, secretVersion }), signal)
  }

  return [
    row({
      ...common,
      method: 'GET',
      path: PATH,
      about: 'Lists the CIRA configs.',
      query: listQuery,
      handle: async ({ query, context, headers, signal }) =>
        tagged(await listAll(store.ciraConfigs, context.projects, query, ciraConfigItem, signal), headers),
    }),
    row({
      ...common,
      method: 'GET',
      path: `${PATH}/:name`,
      about: 'Shows one CIRA config, without its password.',
      params: nameParams,
      handle: async ({ params, context, headers, signal }) =>
        tagged(ciraConfigItem(await find(context, headers, params.name, signal)), headers),
    }),
    row({
      ...common,
      method: 'POST',
      path: PATH,
      about: 'Creates a CIRA config.',
      body,
      handle: async ({ body, context, headers, signal }) => {
        const given: Given = body
        refuse(problemsOf(given, newCiraConfig), rpsFaults.CIRA_CONFIG_INVALID)
        const name = textOf(given.configName)
        const project = projectFor(context, headers, name)
        const password = wordOf(given.password)
        const config: CiraConfig = {
          project,
          name,
          mpsAddress: textOf(given.mpsServerAddress),
          mpsPort: Number(given.mpsPort),
          username: textOf(given.username),
          commonName: textOf(given.commonName),
          addressFormat: Number(given.serverAddressFormat) as CiraConfig['addressFormat'],
          authMethod: Number(given.authMethod) as CiraConfig['authMethod'],
          mpsRootCertificate: textOf(given.mpsRootCertificate),
          proxyDetails: textOf(given.proxyDetails),
          fixedPassword: password !== undefined,
          version: 1,
        }
        await turns.take(ciraConfigTurn(project, name), async () => {
          // Looked at first, so that a name that is taken costs its owner nothing.
          const taken = await store.ciraConfigs.get(project, name, signal)
          const insert = (item: CiraConfig) => store.ciraConfigs.insert(item, signal)
          if (taken !== undefined || (await write(config, password, 'inserted', insert, signal)) === 'duplicate')
            throw rpsFaults.CIRA_CONFIG_EXISTS({ name })
        })
        return { status: 201, body: ciraConfigItem(config) }
      },
    }),
    row({
      ...common,
      method: 'PATCH',
      path: PATH,
      about: 'Changes fields of a CIRA config, in the version that is named.',
      body,
      handle: async ({ body, context, headers, signal }) => {
        const given: Given = body
        refuse(problemsOf(given, changedCiraConfig), rpsFaults.CIRA_CONFIG_INVALID)
        const { project, name } = await find(context, headers, textOf(given.configName), signal)
        return turns.take(ciraConfigTurn(project, name), async () => {
          const stored = await store.ciraConfigs.get(project, name, signal)
          if (stored === undefined) throw rpsFaults.CIRA_CONFIG_NOT_FOUND({ name })
          const meant = meantBy(given.version, headers)
          if (meant.version !== String(stored.version)) return outdated(ciraConfigItem(stored), stored.version, meant)
          const password = wordOf(given.password)
          const changed = changedBy(given, stored, password)
          const update = (item: CiraConfig) => store.ciraConfigs.update(item, stored.version, signal)
          if ((await write(changed, password, 'updated', update, signal)) === 'updated')
            return { status: 200, body: ciraConfigItem({ ...changed, version: stored.version + 1 }) }
          const now = await find(context, headers, name, signal)
          return outdated(ciraConfigItem(now), now.version, meant)
        })
      },
    }),
    row({
      ...common,
      method: 'DELETE',
      path: `${PATH}/:name`,
      about: 'Deletes a CIRA config that no profile names.',
      params: nameParams,
      handle: async ({ params, context, headers, signal }) => {
        const found = await find(context, headers, params.name, signal)
        const { project, name } = found
        await turns.take(ciraConfigTurn(project, name), async () => {
          if (await isUsed(store, found, signal)) throw rpsFaults.CIRA_CONFIG_IN_USE({ name, constraint: FOREIGN_KEY })
          // The row first: a row whose secret is gone would be a lie, a secret without a row is only litter.
          await store.ciraConfigs.delete(project, name, signal)
          await secrets.delete({ kind: 'cira-config', project, name }, signal)
        })
        return { status: 204 }
      },
    }),
  ]
}

type Headers = Readonly<Record<string, string | undefined>>
const FOREIGN_KEY = 'Foreign key violation'

const changedBy = (given: Given, stored: CiraConfig, password: string | undefined): CiraConfig => ({
  ...stored,
  mpsAddress: wordOf(given.mpsServerAddress) ?? stored.mpsAddress,
  mpsPort: numberOf(given.mpsPort) ?? stored.mpsPort,
  username: wordOf(given.username) ?? stored.username,
  commonName: wordOf(given.commonName) ?? stored.commonName,
  addressFormat: (numberOf(given.serverAddressFormat) ?? stored.addressFormat) as CiraConfig['addressFormat'],
  authMethod: (numberOf(given.authMethod) ?? stored.authMethod) as CiraConfig['authMethod'],
  mpsRootCertificate: wordOf(given.mpsRootCertificate) ?? stored.mpsRootCertificate,
  proxyDetails: wordOf(given.proxyDetails) ?? stored.proxyDetails,
  fixedPassword: stored.fixedPassword || password !== undefined,
})

const PAGE = 500

const isUsed = async (store: ProvisioningStore, config: CiraConfig, signal: AbortSignal): Promise<boolean> => {
  for (let skip = 0; ; skip += PAGE) {
    const profiles = await store.profiles.list(config.project, skip, PAGE, signal)
    if (profiles.some(({ ciraConfigName }) => ciraConfigName?.toLowerCase() === config.name.toLowerCase())) return true
    if (profiles.length < PAGE) return false
  }
}
