import { type CommandRecord, textOf } from '../command.ts'
import { faults } from '../faults.ts'
import { readCount } from '../read-number.ts'
import { replacePrivate } from '../settings.ts'

const DAY_HOURS = 24
const SAFE = /^[\x21-\x7e]*$/

export const command: CommandRecord = {
  about:
    'Makes the environment file that the agents of one host start with. It holds a one-time enrolment token: keep ' +
    'it secret, use it once. A new file ends the token of the last.',
  options: [
    { flags: '--host <host>', about: 'name, id, serial number or UUID' },
    { flags: '--out <file>', about: 'write it here, readable to you alone; else it is printed' },
    { flags: '--expires <hours>', about: `how long the token is good (${DAY_HOURS})` },
  ],
  examples: ['orch-cli generate agent-env --host edge-1 --out agent.env'],
  run: async (cli, _, options) => {
    const key = textOf(options, 'host')
    if (key === undefined)
      throw faults.CLI_USAGE({ why: 'Give the host with --host.', help: 'orch-cli generate agent-env --help' })
    const hours = readCount(options, 'expires', DAY_HOURS)
    const api = await cli.api()
    const { resourceId, name } = await api.host(key)
    const { environment, expiresAt } = await api.agentEnvironment(resourceId, { expiresInSeconds: hours * 3600 })
    // Read by systemd, Docker and shells alike, so there is nothing in it that any of them would quote.
    const unsafe = Object.entries(environment).find(([variable, value]) => !SAFE.test(variable + value))
    if (unsafe !== undefined) throw faults.CLI_ANSWER_UNREADABLE({ endpoint: api.endpoint, status: 200 })
    const text = `${Object.entries(environment)
      .map(([variable, value]) => `${variable}=${value}`)
      .join('\n')}\n`

    const file = textOf(options, 'out')
    if (file === undefined || file === '-') {
      if (cli.format === 'table') cli.out(text.trimEnd())
      else await cli.print(environment, () => [])
      return
    }
    await replacePrivate(file, text)
    await cli.print({ file, host: resourceId, expiresAt }, () => [
      `Wrote ${file} for ${name}. Its token is good once, until ${expiresAt}.`,
    ])
  },
}
