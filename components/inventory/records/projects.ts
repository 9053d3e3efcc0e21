import type { Project } from '@outrider/domain/identity'
import type { InventoryStore, Random } from '@outrider/domain/ports'
import { parseGuid } from '@outrider/protocols/values'
import { faults } from '../faults.ts'
import { randomGuid } from '../ids.ts'

export const DEFAULT_PROJECT = 'default'
const NAME = /^[a-z][a-z0-9-]{0,62}$/

/** Projects of the deployment. */
export const projectRecords = (store: InventoryStore, random: Random) => {
  /** Throws `PROJECT_NAME_INVALID` and `PROJECT_NAME_TAKEN`. */
  const create = async (name: string, signal: AbortSignal): Promise<Project> => {
    // A name in UUID form could pass for the id of another project.
    if (!NAME.test(name) || parseGuid(name) !== undefined) throw faults.PROJECT_NAME_INVALID({ name })
    const project: Project = { id: randomGuid(random), name }
    const inserted = await store.transaction((tables) => tables.projects.insert(project), signal)
    if (inserted === 'duplicate') throw faults.PROJECT_NAME_TAKEN({ name })
    return project
  }

  /** The project with this UUID or name. */
  const find = (key: string, signal: AbortSignal): Promise<Project | undefined> =>
    store.transaction((tables) => {
      const id = parseGuid(key)
      return id === undefined ? tables.projects.byName(key) : tables.projects.get(id)
    }, signal)

  return {
    create,
    find,
    /** The project of a deployment that knows no other, made at the first start; safe to race. */
    ensureDefault: (signal: AbortSignal): Promise<Project> =>
      store.transaction(async (tables) => {
        const there = await tables.projects.byName(DEFAULT_PROJECT)
        if (there !== undefined) return there
        const project: Project = { id: randomGuid(random), name: DEFAULT_PROJECT }
        const inserted = await tables.projects.insert(project)
        return inserted === 'inserted' ? project : (await tables.projects.byName(DEFAULT_PROJECT))!
      }, signal),
  }
}
