import type { CommandRecord } from '../command.ts'
import { amtProfileTable } from '../output/provisioning.ts'

export const command: CommandRecord = {
  about: 'Lists the provisioning certificates: for which DNS suffix each is, and when it expires.',
  run: async (cli) => {
    const profiles = await (await cli.api()).amtProfiles()
    await cli.print(profiles, () => amtProfileTable(profiles, cli.paint, Date.now()))
  },
}
