import type { RequestContext } from '@outrider/domain/identity'
import { type DomainProfile, domainSecretKeys, type SecretValues } from '@outrider/domain/ports'
import { route } from '@outrider/protocols/rest'
import { fromBase64, Secret } from '@outrider/protocols/values'
import { daysLeft, WARNED_DAYS } from '../expiry.ts'
import { rpsFaults } from '../faults.ts'
import { readKept, writeKept } from '../kept-secret.ts'
import { certificateFaults, examine, factsOf } from '../provisioning-certificates/index.ts'
import { tagged } from './conditional.ts'
import { documented, nameParams, type RestDeps } from './deps.ts'
import { changedDomain, newDomain } from './domain-rules.ts'
import { domainItem } from './items.ts'
import { listAll, listQuery } from './listing.ts'
import { asProblemOf, type Given, problemsOf, refuse, textOf, wordOf } from './rules.ts'
import { findNamed, projectFor } from './scope.ts'
import { meantBy, outdated } from './versions.ts'

const row = route<RequestContext>()
const PATH = '/api/v1/admin/domains'
const common = { permission: 'operate', scope: 'caller', origin: 'legacy-rps' } as const
type Headers = Readonly<Record<string, string | undefined>>

const body = documented({
  profileName: 'Letters, numbers, hyphens and underscores',
  domainSuffix: 'DNS suffix of the machines; a suffix has one certificate of each root',
  provisioningCert: 'PKCS#12 file with key and whole chain, in base64. Never shown',
  provisioningCertPassword: 'What opens it, at most 64 characters. Never shown',
  provisioningCertStorageFormat: 'raw or string; kept, not used',
  version: 'Of a change: the version it is meant for',
})

const turnOf = (project: string, name: string): string => `domain/${project}/${name.toLowerCase()}`
const pathOf = ({ project, name }: Pick<DomainProfile, 'project' | 'name'>) =>
  ({ kind: 'domain', project, name }) as const

/** `/api/v1/admin/domains` (reference/rps.md 3.4): provisioning certificates, examined before they are kept. */
export const domainRoutes = ({ store, secrets, turns, certificates, clock, events }: RestDeps) => {
  const find = async (context: RequestContext, headers: Headers, name: string, signal: AbortSignal) => {
    const found = await findNamed(store.domains, context, headers, name, signal)
    if (found === undefined) throw rpsFaults.DOMAIN_NOT_FOUND({ name })
    return found
  }

  /** What is to be known of a certificate for `suffix`. Throws the faults of `examine` and `ReadPfx`, of its field. */
  const examined = (values: SecretValues, suffix: string, signal: AbortSignal) =>
    asProblemOf('provisioningCert', async () => {
      const pfx = fromBase64(values[domainSecretKeys.certificate]?.reveal() ?? '')
      const password = values[domainSecretKeys.password]
      if (pfx === undefined || password === undefined) throw certificateFaults.PROVISIONING_CERT_UNREADABLE()
      return factsOf(examine(await certificates.read(pfx, password, signal), suffix, clock.now()))
    })

  const warn = (domain: Omit<DomainProfile, 'secretVersion'>): void => {
    const days = daysLeft(domain.expiresAt, clock.now())
    const { project, name, suffix } = domain
    if (days <= WARNED_DAYS) events.emit('domain.expiring', { project, domain: name, suffix, days })
  }

  return [
    row({
      ...common,
      method: 'GET',
      path: PATH,
      about: 'Lists the provisioning certificates, without certificate and password.',
      query: listQuery,
      handle: async ({ query, context, headers, signal }) =>
        tagged(await listAll(store.domains, context.projects, query, domainItem, signal), headers),
    }),
    row({
      ...common,
      method: 'GET',
      path: `${PATH}/:name`,
      about: 'Shows what is known of one provisioning certificate.',
      params: nameParams,
      handle: async ({ params, context, headers, signal }) =>
        tagged(domainItem(await find(context, headers, params.name, signal)), headers),
    }),
    row({
      ...common,
      method: 'POST',
      path: PATH,
      about: 'Keeps a provisioning certificate for a DNS suffix.',
      body,
      handle: async ({ body, context, headers, signal }) => {
        const given: Given = body
        refuse(problemsOf(given, newDomain), rpsFaults.DOMAIN_INVALID)
        const name = textOf(given.profileName)
        const project = projectFor(context, headers, name)
        const suffix = textOf(given.domainSuffix)
        const values = valuesOf(given, {})
        const bare = {
          project,
          name,
          suffix,
          storageFormat: textOf(given.provisioningCertStorageFormat) as DomainProfile['storageFormat'],
          ...(await examined(values, suffix, signal)),
          version: 1,
        }
        await turns.take(turnOf(project, name), async () => {
          const taken = await store.domains.get(project, name, signal)
          const insert = (secretVersion: number) => store.domains.insert({ ...bare, secretVersion }, signal)
          if (
            taken !== undefined ||
            (await writeKept(secrets, pathOf(bare), values, 'inserted', insert, signal)) === 'duplicate'
          )
            throw rpsFaults.DOMAIN_EXISTS({ name })
        })
        warn(bare)
        return { status: 201, body: domainItem({ ...bare, secretVersion: 0 }) }
      },
    }),
    row({
      ...common,
      method: 'PATCH',
      path: PATH,
      about: 'Changes suffix, certificate or password of a domain profile, in the version that is named.',
      body,
      handle: async ({ body, context, headers, signal }) => {
        const given: Given = body
        refuse(problemsOf(given, changedDomain), rpsFaults.DOMAIN_INVALID)
        const { project, name } = await find(context, headers, textOf(given.profileName), signal)
        return turns.take(turnOf(project, name), async () => {
          const before = await find(context, headers, name, signal)
          const meant = meantBy(given.version, headers)
          if (meant.version !== String(before.version)) return outdated(domainItem(before), before.version, meant)
          const kept = (await readKept(secrets, pathOf(before), before.secretVersion, signal)) ?? {}
          const values = valuesOf(given, kept)
          if (values[domainSecretKeys.certificate] === undefined) throw rpsFaults.DOMAIN_SECRET_MISSING({ name })
          const suffix = wordOf(given.domainSuffix) ?? before.suffix
          const changed: DomainProfile = {
            ...before,
            suffix,
            storageFormat: textOf(given.provisioningCertStorageFormat) as DomainProfile['storageFormat'],
            ...(await examined(values, suffix, signal)),
          }
          const update = (secretVersion: number) =>
            store.domains.update({ ...changed, secretVersion }, before.version, signal)
          const isSame =
            values[domainSecretKeys.certificate] === kept[domainSecretKeys.certificate] &&
            values[domainSecretKeys.password] === kept[domainSecretKeys.password]
          const outcome = isSame
            ? await update(before.secretVersion)
            : await writeKept(secrets, pathOf(before), values, 'updated', update, signal)
          if (outcome === 'duplicate') throw rpsFaults.DOMAIN_EXISTS({ name })
          if (outcome !== 'updated') {
            const now = await find(context, headers, name, signal)
            return outdated(domainItem(now), now.version, meant)
          }
          warn(changed)
          return { status: 200, body: domainItem({ ...changed, version: before.version + 1 }) }
        })
      },
    }),
    row({
      ...common,
      method: 'DELETE',
      path: `${PATH}/:name`,
      about: 'Forgets a provisioning certificate with its key.',
      params: nameParams,
      handle: async ({ params, context, headers, signal }) => {
        const found = await find(context, headers, params.name, signal)
        await turns.take(turnOf(found.project, found.name), async () => {
          await store.domains.delete(found.project, found.name, signal)
          certificates.forget(found)
          await secrets.delete(pathOf(found), signal)
        })
        return { status: 204 }
      },
    }),
  ]
}

/** What is given of certificate and password, and of the rest what is kept. */
const valuesOf = (given: Given, kept: SecretValues): SecretValues => {
  const value = (key: string, word: string | undefined): SecretValues => {
    const found = word === undefined ? kept[key] : new Secret(word)
    return found === undefined ? {} : { [key]: found }
  }
  return {
    ...value(domainSecretKeys.certificate, wordOf(given.provisioningCert)),
    ...value(domainSecretKeys.password, wordOf(given.provisioningCertPassword)),
  }
}
