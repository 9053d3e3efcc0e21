import type { ProjectId } from '@outrider/domain/identity'
import type { AmtProfile, Clock, ProvisioningStore, Ticket } from '@outrider/domain/ports'
import type { DevicePayload, RpsCommand } from '@outrider/protocols/rps'
import { type Guid, parseGuid } from '@outrider/protocols/values'
import type { RpsConfig } from '../config.ts'
import { rpsFaults } from '../faults.ts'
import { aliasHash } from '../tickets.ts'

/** What a client was admitted to. */
export interface Admission {
  readonly project: ProjectId
  readonly purpose: 'activate' | 'deactivate'
  readonly profileName: string
  /** Absent in open mode. */
  readonly ticket?: Ticket
}

/**
 * Decides whether this client may do what it asks. The ticket is taken by this: a second client with the same
 * alias is refused. Throws `TICKET_REFUSED`, `TICKET_OTHER_PURPOSE`, `TICKET_OTHER_MACHINE`.
 */
export const admit = async (
  command: RpsCommand,
  device: DevicePayload,
  deps: {
    readonly store: ProvisioningStore
    readonly clock: Clock
    readonly config: RpsConfig
    /** The project of the open mode. */
    readonly openProject: (signal: AbortSignal) => Promise<ProjectId | undefined>
  },
  signal: AbortSignal,
): Promise<Admission> => {
  if (command.verb === 'maintenance') throw rpsFaults.TICKET_REFUSED()
  const word = command.verb === 'activate' ? command.profile : (command.password?.reveal() ?? device.password.reveal())
  const ticket = await deps.store.tickets.take(aliasHash(word), deps.clock.now(), signal)
  if (ticket !== undefined) {
    if (ticket.purpose !== command.verb) throw rpsFaults.TICKET_OTHER_PURPOSE()
    return { project: ticket.project, purpose: command.verb, profileName: ticket.profileName, ticket }
  }
  const project = deps.config.openMode ? await deps.openProject(signal) : undefined
  if (project === undefined) throw rpsFaults.TICKET_REFUSED()
  return { project, purpose: command.verb, profileName: command.verb === 'activate' ? command.profile : '' }
}

/** The AMT GUID a client named. Throws `TICKET_OTHER_MACHINE` for what is no UUID: no machine of ours is that. */
export const amtGuidOf = (device: DevicePayload): Guid => {
  const guid = parseGuid(device.uuid)
  if (guid === undefined) throw rpsFaults.TICKET_OTHER_MACHINE()
  return guid
}

/** Firmware that cannot be configured from here (reference/rps.md 1.9). Throws `FIRMWARE_TOO_OLD`, `AMT19_TLS_REQUIRED`. */
export const requireConfigurable = (device: DevicePayload): void => {
  const [major = Number.NaN] = device.ver.split('.').map((part) => Number.parseInt(part, 10))
  const build = Number.parseInt(device.build, 10)
  if (Number.isNaN(major) || major < 7 || (major < 12 && build < 3000))
    throw rpsFaults.FIRMWARE_TOO_OLD({ version: device.ver, build: device.build })
  if (device.tlsEnforced) throw rpsFaults.AMT19_TLS_REQUIRED({ version: device.ver })
}

/** The profile of an admission. Throws `PROFILE_NOT_FOUND`. */
export const profileOf = async (
  store: ProvisioningStore,
  { project, profileName }: Admission,
  signal: AbortSignal,
): Promise<AmtProfile> => {
  const profile = await store.profiles.get(project, profileName, signal)
  if (profile === undefined) throw rpsFaults.PROFILE_NOT_FOUND({ name: profileName })
  return profile
}
