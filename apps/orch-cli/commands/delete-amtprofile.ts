import type { CommandRecord } from '../command.ts'

export const command: CommandRecord = {
  about: 'Forgets a provisioning certificate with its key. Machines that are activated stay so.',
  arguments: [{ name: 'name', about: 'name of the profile' }],
  run: async (cli, [name]) => {
    await (await cli.api()).deleteAmtProfile(name!)
    await cli.print({ profileName: name, deleted: true }, () => [`AMT profile ${name} is deleted.`])
  },
}
