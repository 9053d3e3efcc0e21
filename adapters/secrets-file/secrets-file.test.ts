import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe } from 'node:test'
import { type OpenSecretStore, secretStoreSuite } from '@outrider/testing/ports'
import { openSecretsFile } from './index.ts'

describe('the sealed file', () => {
  let root: string
  before(async () => {
    root = await mkdtemp(join(tmpdir(), 'secrets-file-'))
  })
  after(() => rm(root, { recursive: true, force: true }))

  const openIn = async (folder: string): Promise<OpenSecretStore> => {
    const store = await openSecretsFile({ path: join(folder, 'secrets'), keyPath: join(folder, 'secrets.key') })
    return { store, close: () => store.close(), reopen: () => openIn(folder) }
  }

  secretStoreSuite('secrets-file', async () => openIn(await mkdtemp(join(root, 'store-'))))
})
