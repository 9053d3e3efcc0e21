import type { CommandRecord } from '../command.ts'
import { settingName } from './config-set.ts'

export const command: CommandRecord = {
  about: 'Forgets one setting.',
  arguments: [{ name: 'key', about: 'name of the setting' }],
  run: async (cli, [key]) => {
    const name = settingName(key!)
    await cli.settings.locked(async () => {
      const { [name]: _, ...rest } = await cli.settings.read()
      await cli.settings.write(rest)
    })
  },
}
