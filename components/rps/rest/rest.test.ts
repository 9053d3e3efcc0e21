import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { createLocalBus } from '@outrider/bus-local'
import type { Database } from '@outrider/database'
import { InvalidRequest, type RouteReply } from '@outrider/protocols/rest'
import { Fault, guid } from '@outrider/protocols/values'
import {
  callRoute,
  memorySecrets,
  realClock,
  realRandom,
  recordEvents,
  temporaryDatabase,
} from '@outrider/testing/harness'
import { Value } from 'typebox/value'
import { createRps, type Rps, type RpsDeps, rpsConfig } from '../index.ts'
import { ProvisioningPki } from '../test/provisioning-pki.ts'

const project = guid('11111111-1111-4111-8111-111111111111')
const other = guid('22222222-2222-4222-8222-222222222222')
const signal = new AbortController().signal
const ADMIN = '/api/v1/admin'

type Body = Record<string, unknown>
type Options = NonNullable<Parameters<typeof callRoute>[3]>

describe('the provisioning API', () => {
  let database: Database
  let pki: ProvisioningPki
  let rps: Rps
  const secrets = memorySecrets()
  const events = recordEvents()
  let pfx: string

  before(async () => {
    database = await temporaryDatabase(realClock)
    pki = new ProvisioningPki()
    pfx = pki.pfx().toString('base64')
    const deps: RpsDeps = {
      config: Value.Default(rpsConfig, { ciraAddress: 'localhost' }) as RpsDeps['config'],
      store: database.provisioning,
      secrets,
      registry: { register: async () => {}, forget: async () => {}, credentialsChanged: async () => {} },
      bus: createLocalBus({ onError: (error) => assert.ifError(error) }),
      clock: realClock,
      random: realRandom,
      events,
      openProject: async () => project,
      hostOf: async () => undefined,
      mpsRoot: () => new Uint8Array(),
      version: '1.2.3',
    }
    rps = createRps(deps)
  })
  after(async () => {
    await rps.stop()
    await database.close()
    pki[Symbol.dispose]()
  })

  const call = (method: 'GET' | 'POST' | 'PATCH' | 'DELETE', path: string, options: Options = {}) =>
    callRoute(rps.routes, method, ADMIN + path, options)
  const bodyOf = (reply: RouteReply): Body => reply.body as Body
  const code = (wanted: string) => (error: unknown) => error instanceof Fault && error.code === wanted
  /** What is wrong with a request, as `field: words`. */
  const problems = async (reply: Promise<RouteReply>): Promise<string[]> => {
    const error = await reply.then(
      () => undefined,
      (reason: unknown) => reason,
    )
    if (!(error instanceof InvalidRequest)) throw error ?? new Error('it was not refused')
    assert.equal(error.detail.field, error.problems[0]?.field)
    return error.problems.map(({ field, why }) => `${field}: ${why}`)
  }

  const cira = (fields: Body = {}): Body => ({
    configName: 'home',
    mpsServerAddress: 'mps.example.test',
    mpsPort: 4433,
    username: 'admin',
    commonName: '',
    serverAddressFormat: 201,
    authMethod: 2,
    mpsRootCertificate: 'AAAA',
    proxyDetails: '',
    ...fields,
  })
  const profile = (fields: Body = {}): Body => ({
    profileName: 'p1',
    activation: 'ccmactivate',
    generateRandomPassword: true,
    dhcpEnabled: true,
    ...fields,
  })
  const domain = (fields: Body = {}): Body => ({
    profileName: 'd1',
    domainSuffix: 'vprodemo.com',
    provisioningCert: pfx,
    provisioningCertPassword: 'P@ssw0rd',
    provisioningCertStorageFormat: 'string',
    ...fields,
  })

  const kinds = [
    { name: 'ciraconfigs', key: 'configName', make: cira, change: { username: 'changed' } },
    { name: 'profiles', key: 'profileName', make: profile, change: { tags: ['changed'], activation: 'ccmactivate' } },
    { name: 'domains', key: 'profileName', make: domain, change: { provisioningCertStorageFormat: 'raw' } },
  ] as const

  for (const { name, key, make, change } of kinds)
    describe(name, () => {
      const made: string[] = []
      const create = async (id: string, fields: Body = {}): Promise<Body> => {
        made.push(id)
        // Of one root a suffix has one certificate.
        const more = name === 'domains' ? { domainSuffix: `${id}.vprodemo.com` } : {}
        const reply = await call('POST', `/${name}`, { body: make({ [key]: id, ...more, ...fields }) })
        assert.equal(reply.status, 201)
        return bodyOf(reply)
      }
      const clean = async (): Promise<void> => {
        for (const id of made.splice(0)) await call('DELETE', `/${name}/${id}`).catch(() => undefined)
      }

      test('are found in any case, and keep their own', async () => {
        const item = await create('MiXed')
        assert.equal(item.version, '1')
        assert.deepEqual(bodyOf(await call('GET', `/${name}/mixed`)), item)
        await assert.rejects(
          call('POST', `/${name}`, { body: make({ [key]: 'mIXED' }) }),
          (error) => error instanceof Fault && error.kind === 'conflict' && error.message.includes('already exists'),
        )
        const body = { ...change, [key]: 'MIXED', version: '1' }
        const changed = bodyOf(await call('PATCH', `/${name}`, { body }))
        assert.deepEqual([changed[key], changed.version], ['MiXed', '2'])
        assert.deepEqual(bodyOf(await call('GET', `/${name}/MIXED`)), changed)
        await clean()
        await assert.rejects(
          call('GET', `/${name}/mixed`),
          (error) => error instanceof Fault && error.kind === 'missing' && error.message.endsWith('mixed Not Found'),
        )
      })

      test('are changed only in the version that is meant', async () => {
        const item = await create('v1')
        const patch = (fields: Body, headers: Record<string, string> = {}) =>
          call('PATCH', `/${name}`, { body: { ...change, [key]: 'v1', ...fields }, headers })
        for (const [fields, headers, status] of [
          [{ version: '7' }, {}, 409],
          [{ version: '1' }, { 'if-match': '123' }, 412],
          [{ version: '7' }, { 'if-match': '"8"' }, 412],
        ] as const) {
          const reply = await patch(fields, headers)
          assert.deepEqual([reply.status, reply.headers?.etag, reply.body], [status, '1', item])
        }
        if (name === 'profiles')
          assert.deepEqual(await problems(patch({})), ['version: Version is required to patch/update a record.'])
        else assert.equal((await patch({})).status, 409)
        assert.equal((await patch({}, { 'if-match': '"1"' })).status, 200)
        assert.equal((await patch({ version: '2' })).status, 200)
        assert.equal(bodyOf(await call('GET', `/${name}/v1`)).version, '3')
        await assert.rejects(
          call('PATCH', `/${name}`, {
            body: { ...change, [key]: 'nobody', generateRandomPassword: true, version: '1' },
          }),
          (error) => error instanceof Fault && error.kind === 'missing',
        )
        await clean()
      })

      test('of many who change the same version one is heard', async () => {
        await create('race')
        const replies = await Promise.all(
          Array.from({ length: 8 }, () =>
            call('PATCH', `/${name}`, { body: { ...change, [key]: 'race', version: '1' } }),
          ),
        )
        assert.deepEqual(replies.map(({ status }) => status).toSorted(), [200, ...Array(7).fill(409)])
        await clean()
      })

      test('are listed by name, in pages, with their number where it is asked for', async () => {
        for (const id of ['b', 'A', 'c']) await create(id)
        const list = async (query: Body): Promise<unknown> => {
          const { body } = await call('GET', `/${name}`, { query })
          const names = (items: unknown): unknown[] => (items as Body[]).map((each) => each[key])
          return Array.isArray(body)
            ? names(body)
            : { ...bodyOf({ status: 0, body }), data: names(bodyOf({ status: 0, body }).data) }
        }
        assert.deepEqual(await list({}), ['A', 'b', 'c'])
        assert.deepEqual(await list({ $top: '2' }), ['A', 'b'])
        assert.deepEqual(await list({ $top: '2', $skip: '1', $count: 'true' }), { data: ['b', 'c'], totalCount: 3 })
        assert.deepEqual(await list({ $top: '0', $count: '1' }), { data: [], totalCount: 3 })
        assert.deepEqual(await list({ $skip: '9', $count: 'false' }), [])
        assert.deepEqual(
          await problems(call('GET', `/${name}`, { query: { $top: '-1', $skip: 'x', $count: 'maybe' } })),
          [
            '$top: The number of items to return should be a positive integer',
            '$skip: The number of items to skip before starting to collect the result set should be a positive integer',
            '$count: To return total number of records in result set should be boolean',
          ],
        )
        assert.deepEqual((await call('GET', `/${name}`, { project: other })).body, [])
        await clean()
      })

      test('answer nothing new where the tag is known', async () => {
        await create('tag')
        for (const path of [`/${name}`, `/${name}/tag`]) {
          const first = await call('GET', path)
          assert.match(first.headers?.etag ?? '', /^W\/"/)
          const known = { headers: { 'if-none-match': first.headers?.etag ?? '' } }
          const again = await call('GET', path, known)
          assert.deepEqual([again.status, again.body], [304, undefined])
          const current = bodyOf(await call('GET', `/${name}/tag`)).version
          await call('PATCH', `/${name}`, { body: { ...change, [key]: 'tag', version: current } })
          assert.equal((await call('GET', path, known)).status, 200)
        }
        await clean()
      })

      test('of another project do not exist', async () => {
        await create('mine')
        const options = { project: other }
        const missing = (error: unknown): boolean => error instanceof Fault && error.kind === 'missing'
        await assert.rejects(call('GET', `/${name}/mine`, options), missing)
        await assert.rejects(call('DELETE', `/${name}/mine`, options), missing)
        const body = { ...change, [key]: 'mine', generateRandomPassword: true, version: '1' }
        await assert.rejects(call('PATCH', `/${name}`, { ...options, body }), missing)
        await clean()
      })
    })

  describe('what is wrong is said in the words clients compare', () => {
    test('of a new CIRA config', async () => {
      const post = (body: Body) => problems(call('POST', '/ciraconfigs', { body }))
      assert.deepEqual(await post({}), [
        'configName: CIRA profile name is required',
        'configName: CIRA profile name accepts letters, numbers, underscore and hyphen only',
        'serverAddressFormat: MPS server address format is required',
        'serverAddressFormat: MPS server address format should be either 3(IPV4) , 4(IPV6) or 201(FQDN)',
        'mpsServerAddress: MPS server address is required',
        'mpsServerAddress: serverAddressFormat is required',
        'mpsPort: MPS port is required',
        'mpsPort: MPS Port value should range between 1024 and 49151',
        'username: MPS user name is required',
        'username: MPS user name should be alphanumeric',
        'username: MPS user name length should be in between 5 to 16',
        'authMethod: Authentication method is required',
        'authMethod: Authentication method should be either 1 (Mutual Auth) or 2 (username and password)',
        'mpsRootCertificate: MPS public root certificate is required',
      ])
      const rows: readonly [Body, string[]][] = [
        [{ configName: 'a b' }, ['configName: CIRA profile name accepts letters, numbers, underscore and hyphen only']],
        [{ mpsPort: 80 }, ['mpsPort: MPS Port value should range between 1024 and 49151']],
        [{ username: 'ab' }, ['username: MPS user name length should be in between 5 to 16']],
        [
          { serverAddressFormat: 3, mpsServerAddress: '10.0.0.1', commonName: null },
          ['mpsServerAddress: commonName is required when serverAddressFormat is 3'],
        ],
        [
          { serverAddressFormat: 3, commonName: '10.0.0.1' },
          ['mpsServerAddress: serverAddressFormat 3 requires IPV4 server address'],
        ],
        [
          { serverAddressFormat: 3, mpsServerAddress: '10.0.0.1', commonName: 'x' },
          ['commonName: Cert. Hostname(CN) should be an IP address.'],
        ],
        [
          { serverAddressFormat: 4, commonName: '10.0.0.1' },
          ['mpsServerAddress: serverAddressFormat 4 requires IPV6 server address'],
        ],
        [
          { mpsServerAddress: 'UPPER.example' },
          ['mpsServerAddress: serverAddressFormat 201 requires FQDN server address'],
        ],
        [
          { serverAddressFormat: 7 },
          ['serverAddressFormat: MPS server address format should be either 3(IPV4) , 4(IPV6) or 201(FQDN)'],
        ],
      ]
      for (const [fields, expected] of rows)
        assert.deepEqual(
          (await post(cira(fields))).filter((each) => !/^commonName/.test(each) || expected.includes(each)),
          expected,
        )
    })

    test('of a changed CIRA config', async () => {
      const patch = (fields: Body) =>
        problems(call('PATCH', '/ciraconfigs', { body: { configName: 'home', ...fields } }))
      assert.deepEqual(await patch({ serverAddressFormat: 201 }), [
        'serverAddressFormat: Server address is required to update',
      ])
      assert.deepEqual(await patch({ mpsServerAddress: 'mps.example.test' }), [
        'mpsServerAddress: serverAddressFormat is required',
      ])
      for (const mpsPort of ['4433', 1024, 49151])
        assert.deepEqual(await patch({ mpsPort }), ['mpsPort: MPS Port value should range between 1024 and 49151'])
      assert.deepEqual(await patch({ authMethod: 3 }), [
        'authMethod: Authentication method accepts either 1 - Mutual Auth or 2 -username/password)',
      ])
    })

    test('of a new profile', async () => {
      const post = (fields: Body) => problems(call('POST', '/profiles', { body: fields }))
      assert.deepEqual(await post({}), [
        'profileName: AMT profile name is required',
        'profileName: AMT profile name accepts letters, numbers, special characters and no spaces',
        'activation: Activation is required',
        'activation: Activation accepts either acmactivate (admin control activation) or ccmactivate (client control mode activation)',
        'activation: Either generateRandomPassword should be enabled or provide amtPassword',
        'generateRandomPassword: If generate random AMT password is disabled, amtPassword is mandatory',
        'dhcpEnabled: Invalid value',
        'dhcpEnabled: DHCP enabled must be a boolean',
      ])
      const weak =
        'password is required field should contains at least one lowercase letter, one uppercase letter, one numeric digit,and one special character and password length should be in between 8 to 32.'
      const rows: readonly [Body, string[]][] = [
        [
          { activation: 'acmactivate' },
          [
            'activation: MEBx Password is required for acmactivate',
            'generateRandomMEBxPassword: If generate random MEBx password is disabled, mebxPassword is mandatory',
          ],
        ],
        [
          { amtPassword: 'Strong-Passw0rd!' },
          [
            'generateRandomPassword: Either generate Random AMT Password should be enabled or should provide AMT Password but not both',
          ],
        ],
        [{ generateRandomPassword: false, amtPassword: 'weak' }, [`amtPassword: AMT ${weak}`]],
        [{ mebxPassword: 'weak' }, [`mebxPassword: MEBx ${weak}`]],
        [{ userConsent: 'None' }, ['userConsent: User consent is required for all the actions in client control mode']],
        [
          { userConsent: 'Perhaps' },
          [
            'userConsent: User consent must be one of None,All,KVM',
            'userConsent: User consent is required for all the actions in client control mode',
          ],
        ],
        [{ tlsMode: 1, ciraConfigName: 'home' }, ['ciraConfigName: CIRA cannot be configured if TLS is enabled']],
        [{ tags: 'x' }, ['tags: Invalid value']],
        [{ dhcpEnabled: 'perhaps' }, ['dhcpEnabled: DHCP enabled must be a boolean']],
        [{ kvmEnabled: 'perhaps' }, ['kvmEnabled: KVM enabled must be a boolean']],
        [{ wifiConfigs: [{ profileName: 'w1', priority: 1 }] }, ['wifiConfigs: wifi configs w1 does not exists in db']],
        [
          { wifiConfigs: [{ profileName: 'w1', priority: 0 }] },
          ['wifiConfigs: wifi config priority should be an integer and between 1 and 255'],
        ],
        [
          { dhcpEnabled: false, wifiConfigs: [{ profileName: 'w1', priority: 1 }] },
          ['wifiConfigs: Wifi supports only DHCP in AMT'],
        ],
        [{ proxyConfigs: [{ name: 'x', priority: 1 }] }, ['proxyConfigs: proxy configs x does not exists in db']],
        [{ ieee8021xProfileName: 'x' }, ['ieee8021xProfileName: Ieee8021x profile x does not exist in db']],
      ]
      for (const [fields, expected] of rows) assert.deepEqual(await post(profile(fields)), expected)
      // As existing device managers ask.
      const asked = profile({ profileName: 'asked', tags: null, tlsSigningAuthority: 'SelfSigned', wifiConfigs: [] })
      const item = bodyOf(await call('POST', '/profiles', { body: asked }))
      assert.deepEqual(
        [item.tlsSigningAuthority, item.userConsent, item.kvmEnabled, item.solEnabled],
        [null, 'All', true, false],
      )
      await call('DELETE', '/profiles/asked')
      await assert.rejects(
        call('POST', '/profiles', { body: profile({ ciraConfigName: 'nobody' }) }),
        (error) => error instanceof Fault && error.message === "Referenced constraint nobody doesn't exist",
      )
    })

    test('of a domain, certificate included', async () => {
      const post = (fields: Body) => problems(call('POST', '/domains', { body: fields }))
      assert.deepEqual(await post({}), [
        'profileName: AMT Domain profile name is required',
        'profileName: AMT Domain profile name accepts letters, numbers, hyphens (-), and underscores (_)',
        'provisioningCertPassword: Provisioning Cert Password is required',
        'domainSuffix: Domain suffix name is required',
        'provisioningCert: Provisioning certificate is required',
        'provisioningCertStorageFormat: Provisioning Cert Storage Format is required',
        "provisioningCertStorageFormat: Provisioning Cert Storage Format should be either 'raw' or 'string'",
      ])
      assert.deepEqual(await post(domain({ domainSuffix: undefined })), [
        'domainSuffix: Domain suffix name is required',
      ])
      const decrypt =
        'provisioningCert: Unable to decrypt provisioning certificate. Please check that the password is correct, and that the certificate is a valid certificate.'
      assert.deepEqual(await post(domain({ provisioningCertPassword: 'wrong' })), [decrypt])
      assert.deepEqual(await post(domain({ provisioningCert: '%%%' })), [decrypt])
      assert.deepEqual(await post(domain({ domainSuffix: 'example.org' })), [
        'provisioningCert: FQDN not associated with provisioning certificate',
      ])
      await assert.rejects(
        call('POST', '/domains', { body: domain({ provisioningCertPassword: 'wrong' }) }),
        code('PROVISIONING_CERT_PASSWORD_WRONG'),
      )
      const expired = pki.pfx({ to: '20210101000000Z' }).toString('base64')
      await assert.rejects(
        call('POST', '/domains', { body: domain({ provisioningCert: expired }) }),
        code('PROVISIONING_CERT_EXPIRED'),
      )
    })
  })

  test('no answer and no error holds a password or a certificate', async () => {
    const words = ['Fixed-Pass1', 'Strong-Passw0rd!', 'Strong-M3bx-Word!', 'P@ssw0rd', pfx]
    const answers: unknown[] = []
    const ask = async (...args: Parameters<typeof call>): Promise<void> => {
      answers.push(
        await call(...args).catch((error: unknown) => {
          assert.ok(error instanceof Fault)
          return { ...error.record(), problems: error instanceof InvalidRequest ? error.problems : [] }
        }),
      )
    }
    const p = profile({
      activation: 'acmactivate',
      generateRandomPassword: false,
      amtPassword: words[1],
      mebxPassword: words[2],
    })
    for (const [path, body] of [
      ['/ciraconfigs', cira({ password: words[0] })],
      ['/profiles', p],
      ['/domains', domain()],
    ] as const) {
      await ask('POST', path, { body })
      await ask('POST', path, { body })
      await ask('GET', path)
      await ask('PATCH', path, { body: { ...body, version: '99' } })
      await ask('PATCH', path, { body: { ...body, version: '1' } })
      await ask('PATCH', path, { body: { ...body, version: '1' }, headers: { 'if-match': '4' } })
    }
    await ask('POST', '/profiles', { body: { ...p, profileName: ' ', generateRandomPassword: true } })
    await ask('POST', '/domains', { body: domain({ domainSuffix: 'example.org' }) })
    await ask('POST', '/ciraconfigs', { body: cira({ password: `${words[0]} that is too long` }) })
    const text = JSON.stringify(answers)
    for (const word of words) assert.ok(!text.includes(word), word.slice(0, 20))
    for (const path of ['/ciraconfigs/home', '/profiles/p1', '/domains/d1'])
      assert.equal((await call('DELETE', path)).status, 204)
  })

  test('a profile changed without its passwords keeps them, and one that turns random loses them', async () => {
    const passwords = async () => {
      const { promoted } = await secrets.get({ kind: 'profile', project, name: 'keep' }, signal)
      return Object.fromEntries(Object.entries(promoted?.values ?? {}).map(([key, value]) => [key, value.reveal()]))
    }
    const patch = async (fields: Body): Promise<number> => {
      const { version } = bodyOf(await call('GET', '/profiles/keep'))
      const body = { profileName: 'keep', activation: 'acmactivate', version, ...fields }
      return (await call('PATCH', '/profiles', { body })).status
    }
    const fixed = { generateRandomPassword: false, amtPassword: 'Strong-Passw0rd!', mebxPassword: 'Strong-M3bx-Word!' }
    await call('POST', '/profiles', { body: profile({ profileName: 'keep', activation: 'acmactivate', ...fixed }) })
    const both = { AMT_PASSWORD: 'Strong-Passw0rd!', MEBX_PASSWORD: 'Strong-M3bx-Word!' }
    assert.deepEqual(await passwords(), both)
    assert.equal(await patch({ tags: ['x'] }), 200)
    assert.deepEqual(await passwords(), both)
    assert.equal(await patch({ amtPassword: 'An0ther-Passw0rd!' }), 200)
    assert.deepEqual(await passwords(), { ...both, AMT_PASSWORD: 'An0ther-Passw0rd!' })
    assert.equal(await patch({ generateRandomPassword: true }), 200)
    assert.deepEqual(await passwords(), { MEBX_PASSWORD: 'Strong-M3bx-Word!' })
    assert.equal(await patch({ generateRandomMEBxPassword: true }), 200)
    assert.deepEqual(await passwords(), {})
    assert.deepEqual(
      await problems(
        call('PATCH', '/profiles', {
          body: { profileName: 'keep', activation: 'acmactivate', version: '5', generateRandomPassword: false },
        }),
      ),
      [
        'activation: Either generateRandomPassword should be enabled or provide amtPassword',
        'generateRandomPassword: If generate random AMT password is disabled, amtPassword is mandatory',
      ],
    )
    await call('DELETE', '/profiles/keep')
  })

  test('what a change leaves out stays, but for what a profile refers to', async () => {
    await call('POST', '/ciraconfigs', { body: cira() })
    const body = profile({ ciraConfigName: 'HOME', tags: ['a'], solEnabled: true, ipSyncEnabled: false })
    await call('POST', '/profiles', { body })
    await assert.rejects(call('DELETE', '/ciraconfigs/home'), code('CIRA_CONFIG_IN_USE'))
    const short = { profileName: 'p1', activation: 'ccmactivate', version: '1', kvmEnabled: false }
    const item = bodyOf(await call('PATCH', '/profiles', { body: short }))
    assert.deepEqual(
      [
        item.ciraConfigName,
        item.tags,
        item.solEnabled,
        item.ipSyncEnabled,
        item.kvmEnabled,
        item.generateRandomPassword,
      ],
      [null, ['a'], true, false, false, true],
    )
    await assert.rejects(
      call('PATCH', '/profiles', { body: { ...short, version: '2', ciraConfigName: 'nobody' } }),
      (error) => error instanceof Fault && error.message === "Referenced config nobody doesn't exist",
    )
    assert.equal((await call('DELETE', '/ciraconfigs/home')).status, 204)
    await call('DELETE', '/profiles/p1')
  })

  test('a domain takes a new certificate, password or suffix, each examined with what is kept', async () => {
    await call('POST', '/domains', { body: domain() })
    const patch = async (fields: Body): Promise<RouteReply> => {
      const { version } = bodyOf(await call('GET', '/domains/d1'))
      const body = { profileName: 'd1', provisioningCertStorageFormat: 'string', version, ...fields }
      return call('PATCH', '/domains', { body })
    }
    assert.deepEqual(await problems(patch({ domainSuffix: 'example.org' })), [
      'provisioningCert: FQDN not associated with provisioning certificate',
    ])
    await assert.rejects(patch({ provisioningCertPassword: 'wrong' }), code('PROVISIONING_CERT_PASSWORD_WRONG'))
    const renewed = pki.pfx({ to: '20991231235959Z' }, { password: 'An0ther' }).toString('base64')
    await assert.rejects(patch({ provisioningCert: renewed }), code('PROVISIONING_CERT_PASSWORD_WRONG'))
    const before = bodyOf(await call('GET', '/domains/d1'))
    const reply = await patch({ provisioningCert: renewed, provisioningCertPassword: 'An0ther' })
    assert.ok(String(bodyOf(reply).expirationDate) > String(before.expirationDate))
    const { promoted } = await secrets.get({ kind: 'domain', project, name: 'd1' }, signal)
    assert.equal(promoted?.values.CERT_PASSWORD?.reveal(), 'An0ther')
    assert.equal(bodyOf(await patch({ domainSuffix: 'lab.vprodemo.com' })).domainSuffix, 'lab.vprodemo.com')
    await call('DELETE', '/domains/d1')
    assert.deepEqual(await secrets.get({ kind: 'domain', project, name: 'd1' }, signal), {})
  })

  test('a suffix has one certificate of each root', async () => {
    using second = new ProvisioningPki('Another Root')
    await call('POST', '/domains', { body: domain() })
    await assert.rejects(
      call('POST', '/domains', { body: domain({ profileName: 'd2', domainSuffix: 'VPRODEMO.com' }) }),
      (error) => error instanceof Fault && error.message === 'Domain d2 ID or Suffix already exists',
    )
    const foreign = second.pfx().toString('base64')
    const body = domain({ profileName: 'd2', provisioningCert: foreign })
    assert.equal((await call('POST', '/domains', { body })).status, 201)
    for (const name of ['d1', 'd2']) await call('DELETE', `/domains/${name}`)
  })

  test('a certificate that ends soon is told of when it is uploaded', async () => {
    const soon = new Date(Date.now() + 10.5 * 24 * 3600_000).toISOString().replace(/[-:T]|\.\d+/g, '')
    await call('POST', '/domains', { body: domain({ provisioningCert: pki.pfx({ to: soon }).toString('base64') }) })
    const told = events.named('domain.expiring').at(-1)
    assert.deepEqual([told?.domain, told?.days], ['d1', 10])
    await call('DELETE', '/domains/d1')
  })

  test('one who serves several projects names the one, or calls what is made after it', async () => {
    const context = { headers: { activeprojectid: other } }
    await assert.rejects(call('POST', '/ciraconfigs', { ...context, body: cira() }), code('PROJECT_NOT_FOUND'))
  })

  test('version and health are said in the shape clients read', async () => {
    assert.deepEqual((await call('GET', '/version')).body, { serviceVersion: '1.2.3', protocolVersion: '4.0.0' })
    const health = await call('GET', '/health')
    assert.equal(health.status, 200)
    assert.deepEqual((bodyOf(health).db as Body).status, 'OK')
    assert.equal((await call('GET', '')).status, 200)
  })
})
