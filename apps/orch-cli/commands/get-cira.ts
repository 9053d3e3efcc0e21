import type { CommandRecord } from '../command.ts'
import { projectUuid, warnOfOthers } from '../default-cira.ts'
import { ciraSheet } from '../output/provisioning.ts'

export const command: CommandRecord = {
  about: 'Shows one CIRA config; the default one of the project where no name is given. Passwords are never shown.',
  arguments: [
    { name: 'name', about: 'name of the config; the UUID of the project where it is left out', optional: true },
  ],
  run: async (cli, [name]) => {
    const api = await cli.api()
    const config = await api.ciraConfig(name ?? (await projectUuid(api)))
    await warnOfOthers(cli, api, [config.configName])
    await cli.print(config, () => ciraSheet(config, cli.paint))
  },
}
