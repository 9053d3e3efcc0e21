import type { CommandRecord } from '../command.ts'

export const command: CommandRecord = {
  about: 'Deletes a CIRA config that no profile names. Devices that were told of it keep dialling there.',
  arguments: [{ name: 'name', about: 'name of the config' }],
  run: async (cli, [name]) => {
    await (await cli.api()).deleteCiraConfig(name!)
    await cli.print({ configName: name, deleted: true }, () => [`CIRA config ${name} is deleted.`])
  },
}
