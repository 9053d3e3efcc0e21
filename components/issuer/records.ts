import { createHash } from 'node:crypto'
import type { Account, IssuerRecord, IssuerStore } from '@outrider/domain/ports'
import type { Adapter, AdapterFactory, AdapterPayload } from 'oidc-provider'

/** Models whose id is what the client presents: only its hash is stored, so a copied database lets nobody in. */
const BEARERS = new Set(['RefreshToken', 'AuthorizationCode', 'AccessToken', 'ClientCredentials'])

/**
 * State of the authorization server in our store, in the shape oidc-provider asks for. `used` is what is thrown
 * at the second of two who present the same one-time token at once.
 */
export const recordsOf = (
  store: IssuerStore,
  now: () => number,
  deadline: () => AbortSignal,
  used: () => Error,
): AdapterFactory => {
  const { records } = store
  const consuming = new Set<string>()
  return (model: string): Adapter => {
    if (model === 'Client') return clientsOf(store, deadline)
    const stored = (id: string) => (BEARERS.has(model) ? createHash('sha256').update(id).digest('hex') : id)
    const payloadOf = (record: IssuerRecord | undefined, id?: string): AdapterPayload | undefined => {
      if (record === undefined) return undefined
      if (record.expiresAt !== undefined && record.expiresAt <= now()) return undefined
      return {
        ...record.payload,
        ...(id !== undefined && { jti: id }),
        ...(record.consumedAt !== undefined && { consumed: Math.floor(record.consumedAt / 1000) }),
      }
    }
    return {
      async upsert(id, payload, expiresIn) {
        const { jti, ...rest } = payload
        await records.upsert(
          {
            model,
            id: stored(id),
            payload: BEARERS.has(model) ? rest : { ...rest, ...(jti !== undefined && { jti }) },
            ...(typeof payload.grantId === 'string' && { grantId: payload.grantId }),
            ...(typeof payload.uid === 'string' && { uid: payload.uid }),
            ...(typeof payload.userCode === 'string' && { userCode: payload.userCode }),
            ...(expiresIn !== undefined && { expiresAt: now() + expiresIn * 1000 }),
          },
          deadline(),
        )
      },
      find: async (id) => payloadOf(await records.find(model, stored(id), deadline()), id),
      findByUid: async (uid) => payloadOf(await records.findBy(model, 'uid', uid, deadline())),
      findByUserCode: async (code) => payloadOf(await records.findBy(model, 'userCode', code, deadline())),
      async consume(id) {
        const key = stored(id)
        if (consuming.has(key)) throw used()
        consuming.add(key)
        try {
          // Read again: the caller looked before somebody else may have finished.
          const record = await records.find(model, key, deadline())
          if (record?.consumedAt !== undefined) throw used()
          await records.consume(model, key, now(), deadline())
        } finally {
          consuming.delete(key)
        }
      },
      destroy: async (id) => records.destroy(model, stored(id), deadline()),
      revokeByGrantId: async (grantId) => records.revokeByGrant(grantId, deadline()),
    }
  }
}

/** Clients are accounts: what oidc-provider takes for the secret is its hash, compared by `compareClientSecret`. */
const clientsOf = (store: IssuerStore, deadline: () => AbortSignal): Adapter => {
  const refuse = (): Promise<never> => Promise.reject(new Error('clients are written as accounts only'))
  const nothing = async (): Promise<undefined> => undefined
  return {
    async find(id) {
      const account = await store.accounts.byName(id, deadline())
      return account === undefined || account.kind === 'user' ? undefined : clientOf(account)
    },
    upsert: refuse,
    consume: refuse,
    destroy: refuse,
    revokeByGrantId: refuse,
    findByUid: nothing,
    findByUserCode: nothing,
  }
}

const clientOf = (account: Account): AdapterPayload => ({
  client_id: account.name,
  client_secret: account.passwordHash,
  token_endpoint_auth_method: 'client_secret_basic',
  grant_types: ['client_credentials'],
  response_types: [],
  redirect_uris: [],
})
