import type { SecretPath, SecretStore, SecretVersion, StoredSecret } from '@outrider/domain/ports'

/** A secret store for tests that are not about the secret store. */
export const memorySecrets = (): SecretStore => {
  const kept = new Map<string, StoredSecret>()
  let version = 0
  const key = (path: SecretPath) => JSON.stringify(path)
  return {
    get: async (path) => kept.get(key(path)) ?? {},
    async writePending(path, values) {
      const pending: SecretVersion = { values, version: ++version }
      kept.set(key(path), { ...kept.get(key(path)), pending })
      return pending
    },
    async promote(path, wanted) {
      const pending = kept.get(key(path))?.pending
      if (pending?.version !== wanted) return 'stale'
      kept.set(key(path), { promoted: pending })
      return 'promoted'
    },
    async put(path, values, expected) {
      const before = kept.get(key(path))?.promoted?.version ?? 0
      if (expected !== undefined && expected !== before) return 'stale'
      const promoted: SecretVersion = { values, version: ++version }
      kept.set(key(path), { promoted })
      return promoted
    },
    async delete(path) {
      kept.delete(key(path))
    },
    async deleteProject() {},
    health: async () => 'ok',
  }
}
