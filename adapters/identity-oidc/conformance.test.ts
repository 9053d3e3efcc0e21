import { type ProjectId, tokenRole } from '@outrider/domain/identity'
import type { Role } from '@outrider/protocols/rest'
import { identityProviderSuite, manualClock } from '@outrider/testing/ports'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { createOidcIdentity } from './index.ts'

const ISSUER = 'https://issuer.example/realms/master'

identityProviderSuite('identity-oidc', async () => {
  const clock = manualClock()
  const { publicKey, privateKey } = await generateKeyPair('RS256')
  const keys = { keys: [{ ...(await exportJWK(publicKey)), kid: 'one', alg: 'RS256', use: 'sig' }] }
  const now = clock.now() / 1000
  const sign = (
    grants: readonly { readonly project: ProjectId; readonly role: Role }[],
    more: { iss?: string; exp?: number; host_id?: string } = {},
  ) =>
    new SignJWT({
      iss: ISSUER,
      aud: 'outrider',
      sub: 'somebody',
      exp: now + 300,
      realm_access: { roles: grants.map(({ project, role }) => tokenRole(project, role)) },
      ...more,
    })
      .setProtectedHeader({ alg: 'RS256', kid: 'one' })
      .sign(privateKey)
  return {
    identity: createOidcIdentity({ issuer: ISSUER, audience: 'outrider', keys: async () => keys, clock }),
    token: (grants, hostId) => sign(grants, hostId === undefined ? {} : { host_id: hostId }),
    expired: () => sign([], { exp: now - 300 }),
    foreign: () => sign([], { iss: 'https://other.example' }),
    close: async () => undefined,
  }
})
