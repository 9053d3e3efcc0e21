import { oneProject, type RequestContext } from '@outrider/domain/identity'
import type { CiraConfig, ProvisioningStore, SecretStore } from '@outrider/domain/ports'
import { route } from '@outrider/protocols/rest'
import { Secret } from '@outrider/protocols/values'
import { Type } from 'typebox'
import { rpsFaults } from '../faults.ts'
import { ciraConfigItem } from './items.ts'
import { listAll, listQuery } from './listing.ts'

const row = route<RequestContext>()
const name = Type.String({ pattern: '^[a-zA-Z0-9_-]+$', minLength: 1, maxLength: 64 })
const params = Type.Object({ name })

const body = Type.Object({
  configName: name,
  mpsServerAddress: Type.String({ minLength: 1, maxLength: 255 }),
  mpsPort: Type.Integer({ minimum: 1024, maximum: 49151 }),
  username: Type.String({ pattern: '^[a-zA-Z0-9]{5,16}$' }),
  commonName: Type.Optional(Type.Union([Type.String(), Type.Null()])),
  serverAddressFormat: Type.Union([Type.Literal(3), Type.Literal(4), Type.Literal(201)]),
  authMethod: Type.Union([Type.Literal(1), Type.Literal(2)]),
  mpsRootCertificate: Type.String({ minLength: 1 }),
  proxyDetails: Type.Optional(Type.Union([Type.String(), Type.Null()])),
  password: Type.Optional(Type.Union([Type.String(), Type.Null()])),
})

const IPV4 = /^\d{1,3}(\.\d{1,3}){3}$/

/** `/api/v1/admin/ciraconfigs` (reference/rps.md 3.3). */
export const ciraConfigRoutes = (store: ProvisioningStore, secrets: SecretStore) => [
  row({
    method: 'GET',
    path: '/api/v1/admin/ciraconfigs',
    about: 'Lists the CIRA configs.',
    permission: 'operate',
    scope: 'caller',
    origin: 'legacy-rps',
    query: listQuery,
    handle: async ({ query, context, signal }) => ({
      status: 200,
      body: await listAll(store.ciraConfigs, context.projects, query, ciraConfigItem, signal),
    }),
  }),
  row({
    method: 'GET',
    path: '/api/v1/admin/ciraconfigs/:name',
    about: 'Shows one CIRA config, without its password.',
    permission: 'operate',
    scope: 'caller',
    origin: 'legacy-rps',
    params,
    handle: async ({ params, context, signal }) => {
      for (const project of context.projects) {
        const found = await store.ciraConfigs.get(project, params.name, signal)
        if (found !== undefined) return { status: 200, body: ciraConfigItem(found) }
      }
      throw rpsFaults.CIRA_CONFIG_NOT_FOUND({ name: params.name })
    },
  }),
  row({
    method: 'POST',
    path: '/api/v1/admin/ciraconfigs',
    about: 'Creates a CIRA config.',
    permission: 'operate',
    scope: 'caller',
    origin: 'legacy-rps',
    body,
    handle: async ({ body, context, headers, signal }) => {
      const project = oneProject(context, headers)
      if (body.serverAddressFormat === 3 && !IPV4.test(body.mpsServerAddress))
        throw rpsFaults.CIRA_CONFIG_INVALID({ reason: 'serverAddressFormat 3 requires IPV4 server address' })
      if (body.serverAddressFormat === 3 && !body.commonName)
        throw rpsFaults.CIRA_CONFIG_INVALID({ reason: 'commonName is required when serverAddressFormat is 3' })
      const config: CiraConfig = {
        project,
        name: body.configName,
        mpsAddress: body.mpsServerAddress,
        mpsPort: body.mpsPort,
        username: body.username,
        commonName: body.commonName ?? '',
        addressFormat: body.serverAddressFormat,
        authMethod: body.authMethod,
        mpsRootCertificate: body.mpsRootCertificate,
        proxyDetails: body.proxyDetails ?? '',
        fixedPassword: Boolean(body.password),
        version: 1,
      }
      // The row first: a name that is taken must not touch the secret of the config that has it.
      if ((await store.ciraConfigs.insert(config, signal)) === 'duplicate')
        throw rpsFaults.CIRA_CONFIG_EXISTS({ name: config.name })
      if (body.password)
        await secrets
          .put(
            { kind: 'cira-config', project, name: config.name },
            { MPS_PASSWORD: new Secret(body.password) },
            undefined,
            signal,
          )
          .catch(async (error: unknown) => {
            await store.ciraConfigs.delete(project, config.name, signal)
            throw error
          })
      return { status: 201, body: ciraConfigItem(config) }
    },
  }),
  row({
    method: 'DELETE',
    path: '/api/v1/admin/ciraconfigs/:name',
    about: 'Deletes a CIRA config that no profile names.',
    permission: 'operate',
    scope: 'caller',
    origin: 'legacy-rps',
    params,
    handle: async ({ params, context, signal }) => {
      for (const project of context.projects) {
        const found = await store.ciraConfigs.get(project, params.name, signal)
        if (found === undefined) continue
        if (await isUsed(store, found, signal)) throw rpsFaults.CIRA_CONFIG_IN_USE({ name: found.name })
        await store.ciraConfigs.delete(project, found.name, signal)
        await secrets.delete({ kind: 'cira-config', project, name: found.name }, signal)
        return { status: 204 }
      }
      throw rpsFaults.CIRA_CONFIG_NOT_FOUND({ name: params.name })
    },
  }),
]

const PAGE = 500

const isUsed = async (store: ProvisioningStore, config: CiraConfig, signal: AbortSignal): Promise<boolean> => {
  for (let skip = 0; ; skip += PAGE) {
    const profiles = await store.profiles.list(config.project, skip, PAGE, signal)
    if (profiles.some(({ ciraConfigName }) => ciraConfigName?.toLowerCase() === config.name.toLowerCase())) return true
    if (profiles.length < PAGE) return false
  }
}
