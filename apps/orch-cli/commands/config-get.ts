import type { CommandRecord } from '../command.ts'
import { faults } from '../faults.ts'
import { secretSettings } from '../settings.ts'
import { settingName } from './config-set.ts'

export const command: CommandRecord = {
  about: 'Prints one setting. Tokens are not shown; orch-cli token prints one that is good.',
  arguments: [{ name: 'key', about: 'name of the setting' }],
  run: async (cli, [key]) => {
    const name = settingName(key!)
    const value = (await cli.settings.read())[name]
    if (value === undefined) throw faults.CLI_CONFIG_KEY({ key: name })
    cli.out(secretSettings.has(name) ? '[secret]' : String(value))
  },
}
