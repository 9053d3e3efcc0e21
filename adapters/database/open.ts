import type { Clock, DeviceStore, InventoryStore, IssuerStore, Leases, ProvisioningStore } from '@outrider/domain/ports'
import { Connection } from './connection.ts'
import { deviceStore } from './devices/store.ts'
import { inventoryStore } from './inventory/store.ts'
import { issuerStore } from './issuer/store.ts'
import { databaseLeases } from './leases.ts'
import { provisioningStore } from './provisioning/store.ts'
import { sqliteEngine } from './sqlite.ts'

export interface DatabaseConfig {
  /** The SQLite file; made, with its folder, where it is missing. */
  readonly path: string
}

/** One database and the stores that live in it. */
export interface Database extends AsyncDisposable {
  readonly inventory: InventoryStore
  readonly devices: DeviceStore
  readonly provisioning: ProvisioningStore
  readonly issuer: IssuerStore
  readonly leases: Leases
  health(signal: AbortSignal): Promise<'ok' | 'away'>
  /** Lets what runs finish; everything asked later throws `DATABASE_CLOSED`. */
  close(): Promise<void>
}

/**
 * Opens the database and brings its tables to the form of this version. Throws `DATABASE_UNAVAILABLE`,
 * `DATABASE_UNREADABLE`, `DATABASE_NEWER` or `DATABASE_NOT_MIGRATED`. Every method of every store may throw
 * `DATABASE_UNAVAILABLE`, `DATABASE_UNREADABLE` or `DATABASE_CLOSED`; lists throw `CURSOR_INVALID`.
 */
export const openDatabase = async (
  { path }: DatabaseConfig,
  { clock }: { readonly clock: Clock },
): Promise<Database> => {
  const connection = new Connection(sqliteEngine(path))
  try {
    await connection.migrate()
  } catch (error) {
    await connection.abandon()
    throw error
  }
  return databaseOver(connection, clock)
}

/** The stores that live in what `connection` leads to. */
export const databaseOver = (connection: Connection, clock: Clock): Database => ({
  inventory: inventoryStore(connection),
  devices: deviceStore(connection),
  provisioning: provisioningStore(connection, clock),
  issuer: issuerStore(connection),
  leases: databaseLeases(connection, clock),
  health: (signal) => connection.health(signal),
  close: () => connection.close(),
  [Symbol.asyncDispose]: () => connection.close(),
})
