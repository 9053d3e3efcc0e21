import type { CommandRecord } from '../command.ts'
import { faults } from '../faults.ts'
import { withoutTokens } from '../session.ts'
import { secretSettings, settingNames } from '../settings.ts'

const open = settingNames.filter((name) => !secretSettings.has(name) && name !== 'access-token-expires')

/** Tokens of one place are not for another. */
const places: ReadonlySet<string> = new Set(['api-endpoint', 'keycloak-endpoint'])

/** Throws `CLI_USAGE`. */
export const settingName = (key: string): (typeof settingNames)[number] => {
  const name = settingNames.find((known) => known === key)
  if (name === undefined)
    throw faults.CLI_USAGE({
      why: `There is no setting ${key}; there are ${open.join(', ')}.`,
      help: 'orch-cli --help',
    })
  return name
}

export const command: CommandRecord = {
  about: `Keeps one setting for later commands: ${open.join(', ')}.`,
  arguments: [
    { name: 'key', about: 'name of the setting' },
    { name: 'value', about: 'its value' },
  ],
  run: async (cli, [key, value]) => {
    const name = settingName(key!)
    // They come from a login; on a command line others could read them.
    if (!open.some((known) => known === name))
      throw faults.CLI_USAGE({ why: `${name} is kept by orch-cli login.`, help: 'orch-cli login --help' })
    await cli.settings.locked(async () => {
      const before = await cli.settings.read()
      const kept = places.has(name) && before[name] !== value ? withoutTokens(before) : before
      await cli.settings.write({ ...kept, [name]: value! })
    })
  },
}
