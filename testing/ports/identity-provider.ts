import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ProjectId } from '@outrider/domain/identity'
import type { IdentityProvider } from '@outrider/domain/ports'
import type { Role } from '@outrider/protocols/rest'
import { Fault } from '@outrider/protocols/values'
import { deadline, otherProject, project } from './fixtures.ts'

export interface OpenIdentityProvider {
  readonly identity: IdentityProvider
  /** An access token with these roles; bound to a host where one is named. */
  token(grants: readonly { readonly project: ProjectId; readonly role: Role }[], hostId?: string): Promise<string>
  /** A token that was good once. */
  expired(): Promise<string>
  /** A good token of an issuer this provider does not know. */
  foreign(): Promise<string>
  close(): Promise<void>
}

/** The behaviour of every `IdentityProvider`. */
export const identityProviderSuite = (name: string, open: () => Promise<OpenIdentityProvider>): void => {
  describe(`${name} as IdentityProvider`, () => {
    const using = async (work: (opened: OpenIdentityProvider) => Promise<void>): Promise<void> => {
      const opened = await open()
      try {
        await work(opened)
      } finally {
        await opened.close()
      }
    }
    const refused = (error: unknown): boolean => error instanceof Fault && error.code === 'TOKEN_REFUSED'

    it('says who a token stands for, with the roles of each project apart', () =>
      using(async ({ identity, token }) => {
        const grants = [
          { project, role: 'operator' },
          { project: otherProject, role: 'viewer' },
        ] as const
        const caller = await identity.verify(await token(grants), deadline())
        assert.notEqual(caller.subject, '')
        assert.deepEqual(
          caller.projects,
          new Map([
            [project, new Set(['operator'])],
            [otherProject, new Set(['viewer'])],
          ]),
        )
        assert.equal(caller.hostId, undefined)
      }))

    it('says the same again of the same token', () =>
      using(async ({ identity, token }) => {
        const text = await token([{ project, role: 'viewer' }])
        assert.deepEqual(await identity.verify(text, deadline()), await identity.verify(text, deadline()))
      }))

    it('knows an agent and its one host', () =>
      using(async ({ identity, token }) => {
        const caller = await identity.verify(await token([{ project, role: 'agent' }], 'host-0a0b0c0d'), deadline())
        assert.equal(caller.kind, 'agent')
        assert.equal(caller.hostId, 'host-0a0b0c0d')
      }))

    it('knows somebody without any role', () =>
      using(async ({ identity, token }) => {
        assert.equal((await identity.verify(await token([]), deadline())).projects.size, 0)
      }))

    it('refuses what is no token, what has expired, what another issuer signed, and what was changed', () =>
      using(async ({ identity, token, expired, foreign }) => {
        const [header, claims, signature] = (await token([{ project, role: 'viewer' }])).split('.')
        const other = (await token([{ project, role: 'admin' }])).split('.')[1]
        assert.notEqual(claims, other)
        const bad = ['', 'x', 'a.b.c', `${header}.${other}.${signature}`, `${header}.${claims}.`]
        for (const text of [...bad, await expired(), await foreign()])
          await assert.rejects(identity.verify(text, deadline()), refused, text)
      }))

    it('does not begin for somebody who has already gone', () =>
      using(async ({ identity, token }) => {
        const gone = AbortSignal.abort(new Error('gone'))
        await assert.rejects(identity.verify(await token([]), gone), /gone/)
      }))
  })
}
