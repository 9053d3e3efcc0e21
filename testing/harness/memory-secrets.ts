import type { SecretPath, SecretStore, SecretVersion, StoredSecret } from '@outrider/domain/ports'

const keyOf = (path: SecretPath): string => JSON.stringify(path)

/** A secret store for tests of what uses one; its own suite is run against the real ones. */
export const memorySecrets = (): SecretStore & { readonly reads: () => number } => {
  const all = new Map<string, StoredSecret>()
  let versions = 0
  let reads = 0
  const read = (path: SecretPath): StoredSecret => all.get(keyOf(path)) ?? {}
  return {
    reads: () => reads,
    async get(path) {
      reads++
      return read(path)
    },
    async writePending(path, values) {
      const pending: SecretVersion = { values, version: ++versions }
      all.set(keyOf(path), { ...read(path), pending })
      return pending
    },
    async promote(path, version) {
      const { pending } = read(path)
      if (pending?.version !== version) return 'stale'
      all.set(keyOf(path), { promoted: pending })
      return 'promoted'
    },
    async put(path, values, expected) {
      const present = read(path).promoted?.version ?? 0
      if (expected !== undefined && expected !== present) return 'stale'
      const promoted: SecretVersion = { values, version: ++versions }
      all.set(keyOf(path), { promoted })
      return promoted
    },
    async delete(path) {
      all.delete(keyOf(path))
    },
    async deleteProject(project) {
      for (const key of all.keys()) if (key.includes(project)) all.delete(key)
    },
    health: async () => 'ok',
  }
}
