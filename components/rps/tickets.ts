import { createHash } from 'node:crypto'
import type { ProjectId } from '@outrider/domain/identity'
import {
  type Bus,
  type Clock,
  type DeviceRegistry,
  deviceSecretKeys,
  type Provisioning,
  type ProvisioningStore,
  type Random,
  type SecretStore,
  type Ticket,
} from '@outrider/domain/ports'
import { type Guid, minutes } from '@outrider/protocols/values'
import type { RpsConfig } from './config.ts'
import { defaultNames, ensureDefaults } from './defaults.ts'

export interface TicketDeps {
  readonly store: ProvisioningStore
  readonly secrets: SecretStore
  readonly registry: DeviceRegistry
  readonly bus: Bus
  readonly clock: Clock
  readonly random: Random
  readonly config: RpsConfig
}

/** Letters and digits that no client reads as a number, an option or a path. */
const LETTERS = 'abcdefghijkmnpqrstuvwxyz'
const WORD = `${LETTERS}23456789`
const ALIAS_LENGTH = 32
const KEEP_ENDED = minutes(24 * 60)

export const aliasHash = (alias: string): string => createHash('sha256').update(alias).digest('hex')

/** 32 characters of a 32-letter alphabet, a letter first: 160 bits, no space, slash or dot (architecture 9). */
const newAlias = (random: Random): string => {
  const bytes = random.bytes(ALIAS_LENGTH)
  let alias = LETTERS[bytes[0]! % LETTERS.length]!
  for (let at = 1; at < ALIAS_LENGTH; at++) alias += WORD[bytes[at]! % WORD.length]!
  return alias
}

/** What dm-manager asks of RPS: the tickets, and forgetting a device that was deactivated. */
export const createTickets = (deps: TicketDeps): Provisioning => ({
  async issueTicket(request, signal) {
    await ensureDefaults(deps.store, deps.config, request.project, signal)
    await deps.store.tickets.purge(deps.clock.now() - KEEP_ENDED, signal)
    const alias = newAlias(deps.random)
    const ticket: Ticket = {
      id: `tk-${Buffer.from(deps.random.bytes(12)).toString('hex')}`,
      project: request.project,
      aliasHash: aliasHash(alias),
      purpose: request.purpose,
      hostId: request.hostId,
      operationId: request.operationId,
      profileName:
        request.controlMode === 'admin'
          ? defaultNames.adminProfile(request.project)
          : defaultNames.clientProfile(request.project),
      controlMode: request.controlMode,
      ...(request.hostUuid === undefined ? {} : { hostUuid: request.hostUuid }),
      ...(request.amtGuid === undefined ? {} : { amtGuid: request.amtGuid }),
      expiresAt: request.expiresAt,
      state: 'open',
      steps: [],
    }
    await deps.store.tickets.insert(ticket, signal)
    return { ticket, alias }
  },

  ticket: (project, id, signal) => deps.store.tickets.get(project, id, signal),

  async revokeTicket(project, id, signal) {
    const ticket = await deps.store.tickets.get(project, id, signal)
    if (ticket?.state === 'open') await deps.store.tickets.update(project, id, { state: 'revoked' }, signal)
  },

  async forgetDevice(project: ProjectId, guid: Guid, signal) {
    await deps.registry.forget(project, guid, signal)
    const path = { kind: 'device', project, guid } as const
    const mebx = (await deps.secrets.get(path, signal)).promoted?.values[deviceSecretKeys.mebx]
    // A deactivation takes back everything but the password of the engine's own menu, which nobody else knows.
    if (mebx === undefined) await deps.secrets.delete(path, signal)
    else await deps.secrets.put(path, { [deviceSecretKeys.mebx]: mebx }, undefined, signal)
  },
})
