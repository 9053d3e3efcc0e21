import type { CommandRecord } from '../command.ts'
import { logout } from '../session.ts'

export const command: CommandRecord = {
  about: 'Forgets the tokens, and ends the login at the identity provider where it answers.',
  run: async (cli) => {
    const ended = await logout(await cli.http(), cli.settings, cli.signal)
    await cli.print({ ended }, () => [
      ended === 'ended' ? 'Logged out.' : 'Logged out here; the identity provider was not told.',
    ])
  },
}
