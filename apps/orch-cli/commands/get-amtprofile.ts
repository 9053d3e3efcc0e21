import type { CommandRecord } from '../command.ts'
import { amtProfileSheet } from '../output/provisioning.ts'

export const command: CommandRecord = {
  about: 'Shows what is known of one provisioning certificate. Certificate and password are never shown.',
  arguments: [{ name: 'name', about: 'name of the profile' }],
  run: async (cli, [name]) => {
    const profile = await (await cli.api()).amtProfile(name!)
    await cli.print(profile, () => amtProfileSheet(profile, cli.paint, Date.now()))
  },
}
