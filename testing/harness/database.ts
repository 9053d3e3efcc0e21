import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Database, openDatabase } from '@outrider/database'
import type { Clock } from '@outrider/domain/ports'

/** The embedded database in a folder of its own, which goes with it. */
export const temporaryDatabase = async (clock: Clock): Promise<Database> => {
  const folder = await mkdtemp(join(tmpdir(), 'outrider-database-'))
  const database = await openDatabase({ path: join(folder, 'outrider.db') }, { clock })
  return {
    ...database,
    close: async () => {
      await database.close()
      await rm(folder, { recursive: true })
    },
  }
}
