import type { CommandRecord } from '../command.ts'
import { hostSheet } from '../output/host.ts'

export const command: CommandRecord = {
  about: 'Shows one host: what its machine can, why, its state, and what was last done with it.',
  arguments: [{ name: 'host', about: 'name, id, serial number or UUID' }],
  run: async (cli, [key]) => {
    const host = await (await cli.api()).host(key!)
    await cli.print(host, () => hostSheet(host, cli.paint))
  },
}
