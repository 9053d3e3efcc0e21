import type { HostChange } from '@outrider/domain/hosts'
import type { InventoryStore, InventoryTables } from '@outrider/domain/ports'
import type { Fault } from '@outrider/protocols/values'
import { faults } from '../faults.ts'

/** Thrown inside a transaction to undo it and do it again with fresh rows. */
class Stale extends Error {
  override readonly name = 'Stale'
}

const ATTEMPTS = 8

/** Runs `work` in a transaction, and again where a row it read was written meanwhile. */
export const transact = async <T>(
  store: InventoryStore,
  host: string,
  work: (tables: InventoryTables) => Promise<T>,
  signal: AbortSignal,
): Promise<T> => {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    try {
      return await store.transaction(work, signal)
    } catch (error) {
      if (!(error instanceof Stale)) throw error
    }
  }
  throw faults.HOST_CONTENDED({ host })
}

/** Writes a host inside `transact`. Throws `HOST_NOT_FOUND` and, where another host has a value, `taken`. */
export const writeHost = async (
  tables: InventoryTables,
  host: { readonly project: Parameters<InventoryTables['hosts']['update']>[0]; id: string; revision: number },
  change: HostChange,
  at: number,
  taken: (field: string) => Fault = duplicate,
) => {
  const written = await tables.hosts.update(host.project, host.id, host.revision, change, at)
  if (written === 'stale') throw new Stale()
  if (written === 'missing') throw faults.HOST_NOT_FOUND({ host: host.id })
  if ('duplicate' in written) throw taken(written.duplicate)
  return written
}

const FIELD_NAMES: Readonly<Record<string, string>> = { serial: 'serialNumber', amtGuid: 'AMT UUID' }
/** A field of a host in the words of clients. */
export const fieldName = (field: string): string => FIELD_NAMES[field] ?? field

/** The fault for a value that another host has. */
export const duplicate = (field: string): Fault => faults.HOST_EXISTS({ field: fieldName(field) })
