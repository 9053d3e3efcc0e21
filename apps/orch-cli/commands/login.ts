import { secret } from '@outrider/protocols/values'
import { readText } from '../cli.ts'
import { type CommandRecord, textOf } from '../command.ts'
import { askPassword, askText, firstLine, readAll } from '../prompt.ts'
import { DEFAULT_CLIENT, login, realmOf } from '../session.ts'

export const command: CommandRecord = {
  about:
    'Logs in with a password, asked for on the terminal or read from a file, and keeps the tokens, the endpoint, ' +
    'the project and the CA for later commands. A password is never taken from the command line.',
  arguments: [{ name: 'user', about: 'user name', optional: true }],
  options: [
    { flags: '--password-file <file>', about: 'read the password from a file; - is the standard input' },
    { flags: '--keycloak <url>', about: 'realm of the identity provider, where it is not beside the API' },
    { flags: '--client-id <id>', about: `client to log in with (${DEFAULT_CLIENT})` },
  ],
  examples: ['orch-cli login admin --ca data/ca.pem', 'orch-cli login admin --password-file data/admin-password'],
  run: async (cli, [user], options) => {
    const endpoint = await cli.endpoint()
    const ca = await cli.ca()
    const stored = await cli.settings.read()
    const username =
      user ?? (await askText(cli, `User name [${stored.username ?? 'admin'}]: `, stored.username ?? 'admin'))
    const file = textOf(options, 'passwordFile')
    const password =
      file === undefined
        ? await askPassword(cli, `Password of ${username}: `)
        : firstLine(file === '-' ? await readAll(cli.input) : await readText(file))
    const project = textOf(options, 'project') ?? stored.project
    await login(
      await cli.http(),
      cli.settings,
      {
        ...stored,
        'api-endpoint': endpoint,
        'keycloak-endpoint': textOf(options, 'keycloak') ?? realmOf(endpoint),
        'client-id': textOf(options, 'clientId') ?? stored['client-id'] ?? DEFAULT_CLIENT,
        username,
        ...(project === undefined ? {} : { project }),
        ...(ca === undefined ? {} : { ca }),
      },
      secret(password),
      cli.signal,
    )
    await cli.print({ endpoint, username }, () => [`Logged in to ${endpoint} as ${username}.`])
  },
}
