import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  deviceStoreSuite,
  inventoryStoreSuite,
  issuerStoreSuite,
  leasesSuite,
  manualClock,
  provisioningStoreSuite,
} from '@outrider/testing/ports'
import { openDatabase } from './index.ts'

const open = async () => {
  const folder = await mkdtemp(join(tmpdir(), 'database-'))
  const clock = manualClock()
  const database = await openDatabase({ path: join(folder, 'outrider.db') }, { clock })
  const close = async (): Promise<void> => {
    await database.close()
    await rm(folder, { recursive: true })
  }
  return { database, clock, close }
}

inventoryStoreSuite('SQLite', async () => {
  const { database, close } = await open()
  return { store: database.inventory, close }
})

deviceStoreSuite('SQLite', async () => {
  const { database, close } = await open()
  return { store: database.devices, close }
})

provisioningStoreSuite('SQLite', async () => {
  const { database, clock, close } = await open()
  return { store: database.provisioning, clock, close }
})

issuerStoreSuite('SQLite', async () => {
  const { database, close } = await open()
  return { store: database.issuer, close }
})

leasesSuite('SQLite', async () => {
  const { database, clock, close } = await open()
  return { leases: database.leases, clock, close }
})
