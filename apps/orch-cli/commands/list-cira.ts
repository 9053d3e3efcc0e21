import type { CommandRecord } from '../command.ts'
import { projectUuid, warnOfOthers } from '../default-cira.ts'
import { ciraTable } from '../output/provisioning.ts'

export const command: CommandRecord = {
  about: 'Lists where devices are told to dial. The default config is named by the UUID of the project.',
  run: async (cli) => {
    const api = await cli.api()
    const [configs, project] = [await api.ciraConfigs(), await projectUuid(api)]
    await warnOfOthers(
      cli,
      api,
      configs.map(({ configName }) => configName),
    )
    await cli.print(configs, () => ciraTable(configs, project, cli.paint))
  },
}
