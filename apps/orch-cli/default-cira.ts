import type { Api } from './api.ts'
import type { Cli } from './cli.ts'
import { faults } from './faults.ts'

/** The UUID of the project in use: what its default CIRA config is called. Throws `CLI_PROJECT_UNKNOWN`. */
export const projectUuid = async (api: Api): Promise<string> => {
  const wanted = api.project.toLowerCase()
  const found = (await api.projects()).find(({ id, name }) => name === api.project || id.toLowerCase() === wanted)
  if (found === undefined) throw faults.CLI_PROJECT_UNKNOWN({ project: api.project })
  return found.id
}

/** Says what becomes of configs a device manager other than ours does not know. */
export const warnOfOthers = async (cli: Cli, api: Api, names: readonly string[]): Promise<void> => {
  const project = await projectUuid(api)
  const others = names.filter((name) => name.toLowerCase() !== project.toLowerCase())
  if (others.length === 0 || (await api.deployment()).dmManager === 'embedded') return
  cli.err(
    `${cli.paint('yellow', 'warning:')} an external device manager is configured: it uses the CIRA config named by the ` +
      `UUID of the project (${project}) and may delete others (${others.join(', ')}).`,
  )
}
