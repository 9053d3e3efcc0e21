import type { ProjectId, RequestContext } from '@outrider/domain/identity'
import { type AmtProfile, profileSecretKeys, type SecretValues } from '@outrider/domain/ports'
import { route } from '@outrider/protocols/rest'
import { Secret } from '@outrider/protocols/values'
import { rpsFaults } from '../faults.ts'
import { readKept, writeKept } from '../kept-secret.ts'
import { ciraConfigTurn } from './cira-configs.ts'
import { tagged } from './conditional.ts'
import { documented, nameParams, type RestDeps } from './deps.ts'
import { profileItem } from './items.ts'
import { listAll, listQuery } from './listing.ts'
import { changedProfile, newProfile, type StoredPasswords } from './profile-rules.ts'
import { flagOf, type Given, numberOf, problemsOf, refuse, textOf, wordOf } from './rules.ts'
import { findNamed, projectFor } from './scope.ts'
import { meantBy, outdated } from './versions.ts'

const row = route<RequestContext>()
const PATH = '/api/v1/admin/profiles'
const common = { permission: 'operate', scope: 'caller', origin: 'legacy-rps' } as const
type Headers = Readonly<Record<string, string | undefined>>

const body = documented({
  profileName: 'Letters, numbers and special characters, without spaces',
  activation: 'acmactivate or ccmactivate',
  amtPassword: 'One for all devices, 8 to 32 characters of all kinds. Never shown',
  mebxPassword: 'One for the menus of all devices, 8 to 32 characters of all kinds. Never shown',
  generateRandomPassword: 'Whether each device gets an AMT password of its own',
  generateRandomMEBxPassword: 'Whether each device gets a MEBx password of its own',
  ciraConfigName: 'Where devices dial home; they do not where it is left out',
  tags: 'Given to the devices',
  dhcpEnabled: 'Whether devices get their address by DHCP',
  ipSyncEnabled: 'Whether they share the address of the operating system',
  localWifiSyncEnabled: 'Kept, not used',
  uefiWifiSyncEnabled: 'Kept, not used',
  tlsMode: 'TLS on the device; activation with it is refused',
  tlsSigningAuthority: 'SelfSigned or MicrosoftCA; only with tlsMode',
  userConsent: 'None, KVM or All; All in client control mode',
  iderEnabled: 'IDE redirection',
  kvmEnabled: 'Keyboard, video, mouse',
  solEnabled: 'Serial over LAN',
  wifiConfigs: 'Wireless profiles; there are none here',
  proxyConfigs: 'Proxy profiles; there are none here',
  ieee8021xProfileName: '802.1x profile; there are none here',
  version: 'Of a change: the version it is meant for',
})

/** `/api/v1/admin/profiles` (reference/rps.md 3.5). */
export const profileRoutes = ({ store, secrets, turns }: RestDeps) => {
  const find = async (context: RequestContext, headers: Headers, name: string, signal: AbortSignal) => {
    const found = await findNamed(store.profiles, context, headers, name, signal)
    if (found === undefined) throw rpsFaults.PROFILE_NOT_FOUND({ name })
    return found
  }

  /** Takes the turn of the profile and of the CIRA config it names, which must be there. */
  const inTurn = <T>(
    project: ProjectId,
    name: string,
    ciraConfig: string | undefined,
    word: 'constraint' | 'config',
    signal: AbortSignal,
    work: () => Promise<T>,
  ): Promise<T> =>
    turns.take(`profile/${project}/${name.toLowerCase()}`, () => {
      if (ciraConfig === undefined) return work()
      return turns.take(ciraConfigTurn(project, ciraConfig), async () => {
        if ((await store.ciraConfigs.get(project, ciraConfig, signal)) === undefined)
          throw rpsFaults.PROFILE_REFERENCE_MISSING({ word, name: ciraConfig, constraint: FOREIGN_KEY })
        return work()
      })
    })

  /** Writes a row and its fixed passwords; `undefined` leaves what is stored of them. */
  const write = async <Outcome extends string>(
    profile: AmtProfile,
    passwords: SecretValues | undefined,
    done: Outcome,
    commit: (profile: AmtProfile) => Promise<Outcome>,
    signal: AbortSignal,
  ): Promise<Outcome> => {
    if (passwords === undefined) return commit(profile)
    const path = { kind: 'profile', project: profile.project, name: profile.name } as const
    const { secretVersion: _secret, ...bare } = profile
    if (Object.keys(passwords).length > 0)
      return writeKept(secrets, path, passwords, done, (secretVersion) => commit({ ...bare, secretVersion }), signal)
    const outcome = await commit(bare)
    // Nothing refers to it from here on.
    if (outcome === done) await secrets.delete(path, signal).catch(() => undefined)
    return outcome
  }

  const stored = async (profile: AmtProfile, signal: AbortSignal): Promise<SecretValues> => {
    const { project, name, secretVersion } = profile
    return (await readKept(secrets, { kind: 'profile', project, name }, secretVersion, signal)) ?? {}
  }

  return [
    row({
      ...common,
      method: 'GET',
      path: PATH,
      about: 'Lists the AMT profiles.',
      query: listQuery,
      handle: async ({ query, context, headers, signal }) =>
        tagged(await listAll(store.profiles, context.projects, query, profileItem, signal), headers),
    }),
    row({
      ...common,
      method: 'GET',
      path: `${PATH}/:name`,
      about: 'Shows one AMT profile, without its passwords.',
      params: nameParams,
      handle: async ({ params, context, headers, signal }) =>
        tagged(profileItem(await find(context, headers, params.name, signal)), headers),
    }),
    row({
      ...common,
      method: 'POST',
      path: PATH,
      about: 'Creates an AMT profile.',
      body,
      handle: async ({ body, context, headers, signal }) => {
        const given: Given = body
        refuse(problemsOf(given, newProfile), rpsFaults.PROFILE_INVALID)
        const name = textOf(given.profileName)
        const project = projectFor(context, headers, name)
        const profile = profileOf(given, { project, name, version: 1 }, undefined)
        await inTurn(project, name, profile.ciraConfigName, 'constraint', signal, async () => {
          const taken = await store.profiles.get(project, name, signal)
          const insert = (item: AmtProfile) => store.profiles.insert(item, signal)
          const passwords = fixedPasswords(profile, given, {})
          if (taken !== undefined || (await write(profile, passwords, 'inserted', insert, signal)) === 'duplicate')
            throw rpsFaults.PROFILE_EXISTS({ name })
        })
        return { status: 201, body: profileItem(profile) }
      },
    }),
    row({
      ...common,
      method: 'PATCH',
      path: PATH,
      about: 'Changes fields of an AMT profile, in the version that is named.',
      body,
      handle: async ({ body, context, headers, signal }) => {
        const given: Given = { ...body, version: meantBy(body.version, headers).version }
        const name = wordOf(given.profileName)
        const found = name === undefined ? undefined : await findNamed(store.profiles, context, headers, name, signal)
        refuse(problemsOf(given, changedProfile(storedPasswords(found))), rpsFaults.PROFILE_INVALID)
        if (found === undefined) throw rpsFaults.PROFILE_NOT_FOUND({ name: name ?? '' })
        const ciraConfig = wordOf(given.ciraConfigName)
        return inTurn(found.project, found.name, ciraConfig, 'config', signal, async () => {
          const before = await find(context, headers, found.name, signal)
          const meant = meantBy(body.version, headers)
          if (meant.version !== String(before.version)) return outdated(profileItem(before), before.version, meant)
          const changed = profileOf(given, before, before)
          const passwords = await changedPasswords(given, before, changed, () => stored(before, signal))
          const update = (item: AmtProfile) => store.profiles.update(item, before.version, signal)
          if ((await write(changed, passwords, 'updated', update, signal)) === 'updated')
            return { status: 200, body: profileItem({ ...changed, version: before.version + 1 }) }
          const now = await find(context, headers, found.name, signal)
          return outdated(profileItem(now), now.version, meant)
        })
      },
    }),
    row({
      ...common,
      method: 'DELETE',
      path: `${PATH}/:name`,
      about: 'Deletes an AMT profile.',
      params: nameParams,
      handle: async ({ params, context, headers, signal }) => {
        const { project, name } = await find(context, headers, params.name, signal)
        await inTurn(project, name, undefined, 'config', signal, async () => {
          await store.profiles.delete(project, name, signal)
          await secrets.delete({ kind: 'profile', project, name }, signal)
        })
        return { status: 204 }
      },
    }),
  ]
}

const FOREIGN_KEY = 'Foreign key constraint violation'

const storedPasswords = (profile: AmtProfile | undefined): StoredPasswords => {
  if (profile === undefined) return { amt: 'none', mebx: 'none' }
  return {
    amt: profile.generateRandomPassword ? 'random' : 'fixed',
    mebx: profile.generateRandomMebxPassword ? 'random' : hasFixedMebx(profile) ? 'fixed' : 'none',
  }
}

const hasFixedMebx = ({ activation, generateRandomMebxPassword }: AmtProfile): boolean =>
  activation === 'acmactivate' && !generateRandomMebxPassword

/**
 * A profile as it is asked for: of a change, what is left out stays, but for what it refers to, which goes
 * (reference/rps.md 3.5).
 */
const profileOf = (
  given: Given,
  base: Pick<AmtProfile, 'project' | 'name' | 'version'>,
  before: AmtProfile | undefined,
): AmtProfile => {
  const activation = textOf(given.activation) as AmtProfile['activation']
  const isAdmin = activation === 'acmactivate'
  const ciraConfigName = wordOf(given.ciraConfigName)
  const tlsMode = numberOf(given.tlsMode) as AmtProfile['tlsMode']
  const random = (flag: unknown, password: unknown, stored: boolean | undefined): boolean =>
    flagOf(flag) === true || (flagOf(flag) !== false && password == null && stored === true)
  const consent = isAdmin ? (wordOf(given.userConsent) ?? before?.userConsent ?? 'KVM') : 'All'
  return {
    project: base.project,
    name: base.name,
    activation,
    generateRandomPassword: random(given.generateRandomPassword, given.amtPassword, before?.generateRandomPassword),
    generateRandomMebxPassword: random(
      given.generateRandomMEBxPassword,
      given.mebxPassword,
      before?.generateRandomMebxPassword,
    ),
    ...(ciraConfigName === undefined ? {} : { ciraConfigName }),
    tags: (given.tags as readonly string[] | null | undefined) ?? before?.tags ?? [],
    dhcpEnabled: flagOf(given.dhcpEnabled) ?? before?.dhcpEnabled ?? true,
    ipSyncEnabled: flagOf(given.ipSyncEnabled) ?? before?.ipSyncEnabled ?? true,
    localWifiSyncEnabled: flagOf(given.localWifiSyncEnabled) ?? before?.localWifiSyncEnabled ?? false,
    uefiWifiSyncEnabled: flagOf(given.uefiWifiSyncEnabled) ?? before?.uefiWifiSyncEnabled ?? false,
    userConsent: consent as AmtProfile['userConsent'],
    iderEnabled: flagOf(given.iderEnabled) ?? before?.iderEnabled ?? false,
    kvmEnabled: flagOf(given.kvmEnabled) ?? before?.kvmEnabled ?? true,
    solEnabled: flagOf(given.solEnabled) ?? before?.solEnabled ?? false,
    ...(tlsMode === undefined
      ? {}
      : {
          tlsMode,
          tlsSigningAuthority: wordOf(given.tlsSigningAuthority) ?? before?.tlsSigningAuthority ?? 'SelfSigned',
        }),
    ...(before?.secretVersion === undefined ? {} : { secretVersion: before.secretVersion }),
    version: base.version,
  }
}

/** The passwords a profile needs and does not make up: what is given, else what is kept. */
const fixedPasswords = (profile: AmtProfile, given: Given, kept: SecretValues): SecretValues => {
  const values: Record<string, Secret> = {}
  const keep = (key: string, isRandom: boolean, word: string | undefined): void => {
    const value = isRandom ? undefined : word === undefined ? kept[key] : new Secret(word)
    if (value !== undefined) values[key] = value
  }
  keep(profileSecretKeys.amt, profile.generateRandomPassword, wordOf(given.amtPassword))
  keep(profileSecretKeys.mebx, profile.generateRandomMebxPassword, wordOf(given.mebxPassword))
  return values
}

/** `undefined` where nothing changes. Throws `PROFILE_SECRET_MISSING`: a password that is lost is not kept silently. */
const changedPasswords = async (
  given: Given,
  before: AmtProfile,
  changed: AmtProfile,
  stored: () => Promise<SecretValues>,
): Promise<SecretValues | undefined> => {
  const same =
    wordOf(given.amtPassword) === undefined &&
    wordOf(given.mebxPassword) === undefined &&
    before.generateRandomPassword === changed.generateRandomPassword &&
    before.generateRandomMebxPassword === changed.generateRandomMebxPassword
  if (same) return undefined
  const values = fixedPasswords(changed, given, await stored())
  const isMissing =
    (!changed.generateRandomPassword && values[profileSecretKeys.amt] === undefined) ||
    (hasFixedMebx(changed) && values[profileSecretKeys.mebx] === undefined)
  if (isMissing) throw rpsFaults.PROFILE_SECRET_MISSING({ name: changed.name })
  return values
}
