import type { Host, HostChange, StatusLine } from '@outrider/domain/hosts'
import type { ProjectId } from '@outrider/domain/identity'
import type { Random } from '@outrider/domain/ports'
import type { EpochMilliseconds } from '@outrider/protocols/values'
import { faults } from '../faults.ts'
import { hostId, isHostId } from '../ids.ts'
import type { InventoryParts } from './deps.ts'
import type { Notifier } from './notify.ts'
import type { Requester } from './requests.ts'
import { duplicate } from './transact.ts'

/** What is known of a machine before it was ever seen. */
export type NewHost = Pick<Host, 'state' | 'powerPolicy'> &
  Partial<Pick<Host, 'name' | 'serial' | 'uuid' | 'desiredControlMode' | 'dnsSuffix' | 'metadata'>>

const unset = (text: string, at: EpochMilliseconds): StatusLine => ({ text, indicator: 'unspecified', at })

/** A row as it is written first (defaults: reference/emf-code.md 2.5, 3.4). */
const newRow = (project: ProjectId, id: string, given: NewHost, at: EpochMilliseconds): Host => ({
  id,
  project,
  name: given.name ?? id,
  ...(given.serial === undefined ? {} : { serial: given.serial }),
  ...(given.uuid === undefined ? {} : { uuid: given.uuid }),
  state: given.state,
  desiredAmt: 'unprovisioned',
  currentAmt: 'unspecified',
  desiredControlMode: given.desiredControlMode ?? 'none',
  ...(given.dnsSuffix === undefined || given.dnsSuffix === '' ? {} : { dnsSuffix: given.dnsSuffix }),
  desiredPower: 'on',
  currentPower: 'unspecified',
  powerPolicy: given.powerPolicy,
  policy: 'follow',
  amtStatus: unset('Unknown', at),
  powerStatus: unset('Unknown', at),
  hostStatus: unset('Not Connected', at),
  registrationStatus: unset('Unknown', at),
  onboardingStatus: unset('Not Connected', at),
  metadata: given.metadata ?? {},
  createdAt: at,
  updatedAt: at,
  revision: 1,
})

const ID_ATTEMPTS = 8

/** A name that looks like the id of another host would be found as it. Throws `HOST_FIELD_INVALID`. */
export const refuseIdAsName = (name: string | undefined, id: string): void => {
  if (name !== undefined && name !== id && isHostId(name))
    throw faults.HOST_FIELD_INVALID({ field: 'name', why: 'it has the form of the id of a host' })
}

/**
 * Makes hosts. Throws `HOST_IDENTITY_MISSING`, `HOST_EXISTS`, `HOST_FIELD_INVALID`. The default desired power
 * is no wish of anybody: nothing is done for it.
 */
export const createRegister = (
  { store, clock, random }: InventoryParts,
  notify: Notifier,
): ((project: ProjectId, given: NewHost, requester: Requester, signal: AbortSignal) => Promise<Host>) => {
  return async (project, given, requester, signal) => {
    if (given.serial === undefined && given.uuid === undefined) throw faults.HOST_IDENTITY_MISSING()
    refuseIdAsName(given.name, '')
    const host = await store.transaction(async (tables) => {
      // The engine of another machine says this UUID: two hosts would be found by it.
      if (given.uuid !== undefined && (await tables.hosts.get(project, { amtGuid: given.uuid })) !== undefined)
        throw duplicate('uuid')
      const row = await insertFresh(random, async (id) => {
        const candidate = newRow(project, id, given, clock.now())
        const inserted = await tables.hosts.insert(candidate)
        if (inserted === 'inserted') return candidate
        if (inserted.duplicate === 'id') return undefined
        throw duplicate(inserted.duplicate)
      })
      await tables.audit.append({
        at: clock.now(),
        project,
        ...requester,
        act: 'create-host',
        hostId: row.id,
        outcome: 'succeeded',
      })
      return row
    }, signal)
    notify.hostChanged(host)
    return host
  }
}

const insertFresh = async (random: Random, insert: (id: string) => Promise<Host | undefined>): Promise<Host> => {
  for (let attempt = 0; attempt < ID_ATTEMPTS; attempt++) {
    const row = await insert(hostId(random))
    if (row !== undefined) return row
  }
  throw new Error('no free host id was found')
}

/** What a register call changes of a host that is there. Throws `HOST_FIELD_FIXED`. */
export const registerChange = (host: Host, given: Partial<Pick<Host, 'name' | 'serial' | 'uuid'>>): HostChange => {
  refuseIdAsName(given.name, host.id)
  if (given.serial !== undefined && host.serial !== undefined && given.serial !== host.serial)
    throw faults.HOST_FIELD_FIXED({ field: 'serialNumber' })
  if (given.uuid !== undefined && host.uuid !== undefined && given.uuid !== host.uuid)
    throw faults.HOST_FIELD_FIXED({ field: 'uuid' })
  return {
    ...(given.name === undefined || given.name === host.name ? {} : { name: given.name }),
    ...(given.serial === undefined || given.serial === host.serial ? {} : { serial: given.serial }),
    ...(given.uuid === undefined || given.uuid === host.uuid ? {} : { uuid: given.uuid }),
  }
}
