import { oneProject, type RequestContext } from '@outrider/domain/identity'
import type { AmtProfile, ProvisioningStore, SecretStore } from '@outrider/domain/ports'
import { route } from '@outrider/protocols/rest'
import { Secret } from '@outrider/protocols/values'
import { type Static, Type } from 'typebox'
import { rpsFaults } from '../faults.ts'
import { profileItem } from './items.ts'
import { listAll, listQuery } from './listing.ts'

const row = route<RequestContext>()
const name = Type.String({ pattern: '^[a-zA-Z0-9$@!%*#?&_~^-]+$', minLength: 1, maxLength: 64 })
const params = Type.Object({ name })
const optional = <T extends ReturnType<typeof Type.Boolean>>(schema: T) =>
  Type.Optional(Type.Union([schema, Type.Null()]))

const body = Type.Object({
  profileName: name,
  activation: Type.Union([Type.Literal('ccmactivate'), Type.Literal('acmactivate')]),
  amtPassword: Type.Optional(Type.Union([Type.String(), Type.Null()])),
  mebxPassword: Type.Optional(Type.Union([Type.String(), Type.Null()])),
  generateRandomPassword: optional(Type.Boolean()),
  generateRandomMEBxPassword: optional(Type.Boolean()),
  ciraConfigName: Type.Optional(Type.Union([Type.String(), Type.Null()])),
  tags: Type.Optional(Type.Union([Type.Array(Type.String()), Type.Null()])),
  dhcpEnabled: Type.Boolean(),
  ipSyncEnabled: optional(Type.Boolean()),
  localWifiSyncEnabled: optional(Type.Boolean()),
  uefiWifiSyncEnabled: optional(Type.Boolean()),
  userConsent: Type.Optional(Type.Union([Type.Literal('None'), Type.Literal('KVM'), Type.Literal('All'), Type.Null()])),
  iderEnabled: optional(Type.Boolean()),
  kvmEnabled: optional(Type.Boolean()),
  solEnabled: optional(Type.Boolean()),
})

type ProfileBody = Static<typeof body>

/** A password firmware and validators of existing consoles take (reference/rps.md 3.5). */
const STRONG = /^(?=.*[0-9])(?=.*[!@#$%^&*])(?=.*[a-z])(?=.*[A-Z])[\x21-\x7e]{8,32}$/

/** `/api/v1/admin/profiles` (reference/rps.md 3.5). */
export const profileRoutes = (store: ProvisioningStore, secrets: SecretStore) => [
  row({
    method: 'GET',
    path: '/api/v1/admin/profiles',
    about: 'Lists the AMT profiles.',
    permission: 'operate',
    scope: 'caller',
    origin: 'legacy-rps',
    query: listQuery,
    handle: async ({ query, context, signal }) => ({
      status: 200,
      body: await listAll(store.profiles, context.projects, query, profileItem, signal),
    }),
  }),
  row({
    method: 'GET',
    path: '/api/v1/admin/profiles/:name',
    about: 'Shows one AMT profile, without its passwords.',
    permission: 'operate',
    scope: 'caller',
    origin: 'legacy-rps',
    params,
    handle: async ({ params, context, signal }) => {
      for (const project of context.projects) {
        const found = await store.profiles.get(project, params.name, signal)
        if (found !== undefined) return { status: 200, body: profileItem(found) }
      }
      throw rpsFaults.PROFILE_NOT_FOUND({ name: params.name })
    },
  }),
  row({
    method: 'POST',
    path: '/api/v1/admin/profiles',
    about: 'Creates an AMT profile.',
    permission: 'operate',
    scope: 'caller',
    origin: 'legacy-rps',
    body,
    handle: async ({ body, context, headers, signal }) => {
      const project = oneProject(context, headers)
      const profile = profileOf(body, project)
      if (profile.ciraConfigName !== undefined) {
        const config = await store.ciraConfigs.get(project, profile.ciraConfigName, signal)
        if (config === undefined)
          throw rpsFaults.PROFILE_INVALID({ reason: `Referenced constraint ${profile.ciraConfigName} doesn't exist` })
      }
      if ((await store.profiles.insert(profile, signal)) === 'duplicate')
        throw rpsFaults.PROFILE_EXISTS({ name: profile.name })
      const fixed = fixedPasswords(body, profile)
      if (Object.keys(fixed).length > 0)
        await secrets
          .put({ kind: 'profile', project, name: profile.name }, fixed, undefined, signal)
          .catch(async (error: unknown) => {
            await store.profiles.delete(project, profile.name, signal)
            throw error
          })
      return { status: 201, body: profileItem(profile) }
    },
  }),
  row({
    method: 'DELETE',
    path: '/api/v1/admin/profiles/:name',
    about: 'Deletes an AMT profile.',
    permission: 'operate',
    scope: 'caller',
    origin: 'legacy-rps',
    params,
    handle: async ({ params, context, signal }) => {
      for (const project of context.projects) {
        if ((await store.profiles.delete(project, params.name, signal)) === 'missing') continue
        await secrets.delete({ kind: 'profile', project, name: params.name }, signal)
        return { status: 204 }
      }
      throw rpsFaults.PROFILE_NOT_FOUND({ name: params.name })
    },
  }),
]

const invalid = (reason: string): never => {
  throw rpsFaults.PROFILE_INVALID({ reason })
}

const profileOf = (body: ProfileBody, project: AmtProfile['project']): AmtProfile => {
  const admin = body.activation === 'acmactivate'
  const random = body.generateRandomPassword ?? false
  if (!random && !body.amtPassword) invalid('If generate random AMT password is disabled, amtPassword is mandatory')
  if (random && body.amtPassword)
    invalid('Either generate Random AMT Password should be enabled or should provide AMT Password but not both')
  for (const field of ['amtPassword', 'mebxPassword'] as const) {
    const password = body[field]
    if (password && !STRONG.test(password))
      invalid(
        `${field} needs 8 to 32 characters with a lower case letter, an upper case letter, a digit and one of !@#$%^&*`,
      )
  }
  if (admin && !(body.generateRandomMEBxPassword ?? false) && !body.mebxPassword)
    invalid('If generate random MEBx password is disabled, mebxPassword is mandatory')
  const userConsent = body.userConsent ?? (admin ? 'KVM' : 'All')
  if (!admin && userConsent !== 'All') invalid('User consent is required for all the actions in client control mode')
  return {
    project,
    name: body.profileName,
    activation: body.activation,
    generateRandomPassword: random,
    generateRandomMebxPassword: body.generateRandomMEBxPassword ?? false,
    ...(body.ciraConfigName ? { ciraConfigName: body.ciraConfigName } : {}),
    tags: body.tags ?? [],
    dhcpEnabled: body.dhcpEnabled,
    ipSyncEnabled: body.ipSyncEnabled ?? true,
    localWifiSyncEnabled: body.localWifiSyncEnabled ?? false,
    uefiWifiSyncEnabled: body.uefiWifiSyncEnabled ?? false,
    userConsent,
    iderEnabled: body.iderEnabled ?? false,
    kvmEnabled: body.kvmEnabled ?? true,
    solEnabled: body.solEnabled ?? false,
    version: 1,
  }
}

const fixedPasswords = (given: ProfileBody, profile: AmtProfile): Record<string, Secret> => ({
  ...(profile.generateRandomPassword || !given.amtPassword ? {} : { AMT_PASSWORD: new Secret(given.amtPassword) }),
  ...(profile.generateRandomMebxPassword || !given.mebxPassword
    ? {}
    : { MEBX_PASSWORD: new Secret(given.mebxPassword) }),
})
