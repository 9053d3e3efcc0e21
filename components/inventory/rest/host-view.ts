import type { Host } from '@outrider/domain/hosts'
import type { ProjectId } from '@outrider/domain/identity'
import type { OperationLife } from '@outrider/domain/operations'
import type { HostKey, InventoryTables } from '@outrider/domain/ports'
import { parseGuid } from '@outrider/protocols/values'
import { faults } from '../faults.ts'
import { isHostId } from '../ids.ts'
import { asksForLastAmt, type HostFacts } from '../northbound/host-conditions.ts'
import { hostWithFacts } from '../northbound/host-json.ts'
import { amtKinds } from '../operations/kinds.ts'
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

const TRIED: readonly OperationLife[] = ['queued', 'running', 'succeeded', 'failed']

type LastOperations = Pick<HostFacts, 'last' | 'lastAmt'>

/** Of the operations of a host, those its JSON tells of. */
export const lastOperationsOf = async (tables: InventoryTables, host: Host): Promise<LastOperations> => {
  const { project, id: hostId } = host
  const [last] = (await tables.operations.list(project, { hostId, limit: 1 })).items
  const [lastAmt] = asksForLastAmt(host)
    ? (await tables.operations.list(project, { hostId, kinds: amtKinds, lives: TRIED, limit: 1 })).items
    : []
  return { ...(last === undefined ? {} : { last }), ...(lastAmt === undefined ? {} : { lastAmt }) }
}

/** Reads hosts as clients see them. */
export const hostViews = ({
  store,
  presence,
  publicEndpoints,
}: Pick<InventoryParts, 'store' | 'presence' | 'publicEndpoints'>) => {
  const presenceOf = async (host: Host) => {
    const guid = host.amtGuid ?? host.uuid
    return guid === undefined ? undefined : presence.get(host.project, guid)
  }

  const view = async (host: Host, operations: LastOperations) => {
    const connected = await presenceOf(host)
    const [ciraHost = ''] = /^.*(?=:\d+$)/.exec(publicEndpoints().ciraAddress) ?? []
    return hostWithFacts(host, {
      ...operations,
      ...(connected === undefined ? {} : { presence: connected }),
      ourMps: ciraHost === '' ? [] : [ciraHost],
    })
  }

  return {
    view,

    /** A row with what its JSON needs of its operations. */
    of: async (host: Host, signal: AbortSignal) =>
      view(host, await store.transaction((tables) => lastOperationsOf(tables, host), signal)),

    /** By resource id, SMBIOS or AMT UUID, name or serial number. Throws `HOST_NOT_FOUND`. */
    find: async (project: ProjectId, text: string, signal: AbortSignal) => {
      const found = await store.transaction(async (tables) => {
        for (const key of keysOf(text)) {
          const host = await tables.hosts.get(project, key)
          if (host !== undefined) return { host, operations: await lastOperationsOf(tables, host) }
        }
        return undefined
      }, signal)
      if (found === undefined) throw faults.HOST_NOT_FOUND({ host: text })
      return view(found.host, found.operations)
    },
  }
}
export type HostViews = ReturnType<typeof hostViews>
