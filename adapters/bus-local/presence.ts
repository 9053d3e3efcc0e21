import type { ProjectId } from '@outrider/domain/identity'
import type { Bus, Presence, PresenceEntry } from '@outrider/domain/ports'
import type { Guid } from '@outrider/protocols/values'

/**
 * Which tunnels are up, in the memory of the one process that holds them all. Every claim, and the release of
 * the newest claim, is published as `presence.changed`.
 */
export const createLocalPresence = ({ bus }: { readonly bus: Bus }): Presence => {
  const entries = new Map<string, PresenceEntry>()
  // One count for all devices grows for each of them, and nothing is kept of a device that is gone.
  let epoch = 0

  return {
    claim: async (project, guid, instance, at) => {
      epoch += 1
      const key = keyOf(project, guid)
      const displaced = entries.get(key)
      const entry: PresenceEntry = { guid, project, instance, epoch, since: at }
      entries.set(key, entry)
      bus.publish('presence.changed', { project, guid, connected: true, epoch, at })
      return displaced === undefined ? { entry } : { entry, displaced }
    },

    release: async ({ project, guid, epoch }, at) => {
      const key = keyOf(project, guid)
      if (entries.get(key)?.epoch !== epoch) return
      entries.delete(key)
      bus.publish('presence.changed', { project, guid, connected: false, epoch, at })
    },

    get: async (project, guid) => entries.get(keyOf(project, guid)),
  }
}

const keyOf = (project: ProjectId, guid: Guid): string => `${project}/${guid}`
