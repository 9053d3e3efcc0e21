import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { test } from 'node:test'
import { tokenRole } from '@outrider/domain/identity'
import type { Clock } from '@outrider/domain/ports'
import { Fault, guid } from '@outrider/protocols/values'
import { exportJWK, exportSPKI, generateKeyPair, type JSONWebKeySet, type JWTPayload, SignJWT } from 'jose'
import { createOidcIdentity } from './index.ts'

const ISSUER = 'https://localhost:8443/realms/master'
const project = guid('7d1a0f0a-3c0e-4a0e-8a4e-0d3b8a1c2b3d')
const never = new AbortController().signal

const setClock = (now: number): Clock & { at: number } => ({
  at: now,
  now() {
    return this.at
  },
  monotonic() {
    return this.at
  },
  sleep: () => Promise.reject(new Error('nobody sleeps here')),
})

const keyPair = async (kid: string) => {
  const { publicKey, privateKey } = await generateKeyPair('RS256', { extractable: true })
  return { kid, publicKey, privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg: 'RS256', use: 'sig' } }
}
const one = await keyPair('one')
const two = await keyPair('two')

const setUp = (options: { keys?: () => Promise<JSONWebKeySet>; remembered?: number } = {}) => {
  const clock = setClock(Date.parse('2026-11-22T12:00:00Z'))
  let reads = 0
  const identity = createOidcIdentity({
    issuer: ISSUER,
    audience: 'outrider',
    clock,
    clockSkewSeconds: 30,
    keys: async () => {
      reads++
      return options.keys?.() ?? { keys: [one.jwk] }
    },
    ...(options.remembered !== undefined && { remembered: options.remembered }),
  })
  const sign = (claims: JWTPayload = {}, key = one, header: Record<string, unknown> = {}) =>
    new SignJWT({
      iss: ISSUER,
      aud: 'outrider',
      sub: 'alice',
      iat: clock.at / 1000,
      exp: clock.at / 1000 + 300,
      ...claims,
    })
      .setProtectedHeader({ alg: 'RS256', kid: key.kid, ...header })
      .sign(key.privateKey)
  return { clock, identity, sign, reads: () => reads }
}

const refused = (reason: RegExp) => (error: unknown) => {
  assert.ok(error instanceof Fault)
  assert.equal(error.code, 'TOKEN_REFUSED')
  assert.equal(error.kind, 'auth')
  assert.match(String(error.detail.reason), reason)
  return true
}

test('a good token becomes its caller, roles by project', async () => {
  const { identity, sign } = setUp()
  const caller = await identity.verify(
    await sign({
      preferred_username: 'Alice',
      azp: 'system-client',
      realm_access: {
        roles: [tokenRole(project, 'viewer'), tokenRole(project, 'power-operator'), 'offline_access', 7],
      },
    }),
    never,
  )
  assert.deepEqual(caller, {
    subject: 'alice',
    kind: 'user',
    name: 'Alice',
    projects: new Map([[project, new Set(['viewer', 'power-operator'])]]),
  })
})

test("an agent's token carries its one host", async () => {
  const { identity, sign } = setUp()
  const roles = { roles: [tokenRole(project, 'agent')] }
  const token = await sign({ sub: 'edgenode-1', azp: 'edgenode-1', host_id: 'host-0a0b0c0d', realm_access: roles })
  const caller = await identity.verify(token, never)
  assert.equal(caller.kind, 'agent')
  assert.equal(caller.hostId, 'host-0a0b0c0d')
})

test('a token of another issuer, for another audience, expired or of nobody is refused', async () => {
  const { identity, sign, clock } = setUp()
  await assert.rejects(identity.verify(await sign({ iss: 'https://evil' }), never), refused(/iss/))
  await assert.rejects(identity.verify(await sign({ aud: 'account' }), never), refused(/aud/))
  await assert.rejects(identity.verify(await sign({ exp: clock.at / 1000 - 31 }), never), refused(/expired/))
  await assert.rejects(identity.verify(await sign({ nbf: clock.at / 1000 + 31 }), never), refused(/nbf/))
  await assert.rejects(identity.verify(await sign({ sub: '' }), never), refused(/nobody/))
  await assert.rejects(identity.verify('', never), refused(/not a token/))
  await assert.rejects(identity.verify('a.b.c', never), refused(/not a token/))
  await assert.rejects(identity.verify('x'.repeat(20_000), never), refused(/too long/))
})

test('clocks may differ by the allowed skew', async () => {
  const { identity, sign, clock } = setUp()
  await identity.verify(await sign({ exp: clock.at / 1000 - 29 }), never)
})

test('unsigned, HMAC-signed and forged tokens are refused', async () => {
  const { identity, sign } = setUp()
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const claims = part({ iss: ISSUER, aud: 'outrider', sub: 'alice', exp: 4e9 })
  await assert.rejects(identity.verify(`${part({ alg: 'none' })}.${claims}.`, never), refused(/algorithm|not a token/))
  const signed = `${part({ alg: 'HS256', kid: 'one' })}.${claims}`
  for (const secret of [await exportSPKI(one.publicKey), JSON.stringify(one.jwk), one.jwk.n ?? '', '']) {
    const mac = createHmac('sha256', secret).update(signed).digest('base64url')
    await assert.rejects(identity.verify(`${signed}.${mac}`, never), refused(/algorithm/))
  }
  const good = await sign({ sub: 'mallory' })
  const [header, , signature] = good.split('.')
  await assert.rejects(identity.verify(`${header}.${claims}.${signature}`, never), refused(/signature/))
  await assert.rejects(identity.verify(await sign({}, { ...two, kid: 'one' }), never), refused(/signature/))
})

test('a key in the header of the token is not believed', async () => {
  const { identity, sign } = setUp()
  await assert.rejects(identity.verify(await sign({}, two, { jwk: two.jwk }), never), refused(/key/))
})

test('a verified token is not verified again until it expires', async () => {
  let away = false
  const { identity, sign, clock } = setUp({
    keys: async () => {
      if (away) throw new Error('issuer is away')
      return { keys: [one.jwk] }
    },
  })
  const token = await sign()
  const first = await identity.verify(token, never)
  away = true
  assert.equal(await identity.verify(token, never), first)
  clock.at += 331_000
  await assert.rejects(identity.verify(token, never), refused(/expired/))
})

test('a new key is found by reading again, made-up key ids read at most once per rest', async () => {
  const keys = [one.jwk]
  const { identity, sign, clock, reads } = setUp({ keys: async () => ({ keys }) })
  await identity.verify(await sign(), never)
  keys.push(two.jwk)
  clock.at += 11_000
  await identity.verify(await sign({}, two), never)
  assert.equal(reads(), 2)
  for (let i = 0; i < 20; i++)
    await assert.rejects(identity.verify(await sign({}, { ...two, kid: `made-up-${i}` }), never), refused(/key/))
  assert.equal(reads(), 2)
  clock.at += 11_000
  await assert.rejects(identity.verify(await sign({}, { ...two, kid: 'made-up' }), never), refused(/key/))
  assert.equal(reads(), 3)
})

test('an issuer that is away is unavailable, not a refusal, and recovers by itself', async () => {
  let away = true
  const { identity, sign, clock } = setUp({
    keys: async () => {
      if (away) throw new Error('connect ECONNREFUSED')
      return { keys: [one.jwk] }
    },
  })
  const token = await sign()
  await assert.rejects(identity.verify(token, never), (error) => Fault.from(error).code === 'ISSUER_UNAVAILABLE')
  away = false
  clock.at += 11_000
  assert.equal((await identity.verify(token, never)).subject, 'alice')
})

test('an issuer that answers nonsense is unavailable too', async () => {
  const { identity, sign } = setUp({ keys: async () => JSON.parse('{"error":"maintenance"}') })
  await assert.rejects(identity.verify(await sign(), never), (error) => Fault.from(error).code === 'ISSUER_UNAVAILABLE')
})

test('the memory of tokens is bounded', async () => {
  const { identity, sign, clock } = setUp({ remembered: 2 })
  const tokens = [await sign({ sub: 'a' }), await sign({ sub: 'b' }), await sign({ sub: 'c' })]
  const callers = []
  for (const token of tokens) callers.push(await identity.verify(token, never))
  clock.at += 1
  assert.notEqual(await identity.verify(tokens[0]!, never), callers[0], 'the oldest was forgotten and verified again')
  assert.equal(await identity.verify(tokens[2]!, never), callers[2])
})
