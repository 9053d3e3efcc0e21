import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type OpenSecretStore, secretStoreSuite } from '@outrider/testing/ports'
import { openSecretsFile } from './index.ts'

const openIn = async (folder: string): Promise<OpenSecretStore> => {
  const store = await openSecretsFile({ path: join(folder, 'secrets'), keyPath: join(folder, 'secrets.key') })
  let kept = false
  return {
    store,
    close: async () => {
      await store.close()
      setImmediate(() => kept || rm(folder, { recursive: true, force: true }))
    },
    reopen: () => {
      kept = true
      return openIn(folder)
    },
  }
}

secretStoreSuite('secrets-file', async () => openIn(await mkdtemp(join(tmpdir(), 'secrets-file-'))))
