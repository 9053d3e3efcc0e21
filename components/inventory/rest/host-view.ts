import type { Host } from '@outrider/domain/hosts'
import type { ProjectId } from '@outrider/domain/identity'
import type { Operation } from '@outrider/domain/operations'
import type { HostKey, InventoryTables } from '@outrider/domain/ports'
import { parseGuid } from '@outrider/protocols/values'
import { faults } from '../faults.ts'
import { isHostId } from '../ids.ts'
import { hostWithFacts } from '../northbound/host-json.ts'
import type { InventoryParts } from '../records/deps.ts'

/** Keys `text` may be meant as, the most telling first. */
const keysOf = (text: string): HostKey[] => {
  const uuid = parseGuid(text)
  return [
    ...(isHostId(text) ? [{ id: text }] : []),
    ...(uuid === undefined ? [] : [{ uuid }, { amtGuid: uuid }]),
    { name: text },
    { serial: text },
  ]
}

export const lastOperationOf = async (tables: InventoryTables, host: Host): Promise<Operation | undefined> =>
  (await tables.operations.list(host.project, { hostId: host.id, limit: 1 })).items[0]

/** Reads hosts as clients see them. */
export const hostViews = ({ store, presence }: Pick<InventoryParts, 'store' | 'presence'>) => {
  const presenceOf = async (host: Host) => {
    const guid = host.amtGuid ?? host.uuid
    return guid === undefined ? undefined : presence.get(host.project, guid)
  }

  const view = async (host: Host, last: Operation | undefined) => hostWithFacts(host, await presenceOf(host), last)

  return {
    view,

    /** A row with what its JSON needs of its operations. */
    of: async (host: Host, signal: AbortSignal) =>
      view(host, await store.transaction((tables) => lastOperationOf(tables, host), signal)),

    /** By resource id, SMBIOS or AMT UUID, name or serial number. Throws `HOST_NOT_FOUND`. */
    find: async (project: ProjectId, text: string, signal: AbortSignal) => {
      const found = await store.transaction(async (tables) => {
        for (const key of keysOf(text)) {
          const host = await tables.hosts.get(project, key)
          if (host !== undefined) return { host, last: await lastOperationOf(tables, host) }
        }
        return undefined
      }, signal)
      if (found === undefined) throw faults.HOST_NOT_FOUND({ host: text })
      return view(found.host, found.last)
    },
  }
}
export type HostViews = ReturnType<typeof hostViews>
