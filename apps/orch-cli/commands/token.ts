import type { CommandRecord } from '../command.ts'

export const command: CommandRecord = {
  about: 'Prints an access token that is good now, for the header Authorization: Bearer.',
  examples: ['curl -H "Authorization: Bearer $(orch-cli token)" https://localhost:8443/v1/projects'],
  run: async (cli) => cli.out((await cli.token(cli.signal)).reveal()),
}
