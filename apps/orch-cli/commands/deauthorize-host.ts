import { type CommandRecord, textOf } from '../command.ts'

export const command: CommandRecord = {
  about: 'Ends the credentials of a host’s agents and keeps its record. Refused while it is activated.',
  arguments: [{ name: 'host', about: 'name, id, serial number or UUID' }],
  options: [{ flags: '--note <text>', about: 'why' }],
  run: async (cli, [key], options) => {
    const api = await cli.api()
    const { resourceId, name } = await api.host(key!)
    await api.deauthorizeHost(resourceId, textOf(options, 'note'))
    await cli.print({ resourceId, name, deauthorized: true }, () => [`${name} is deauthorised.`])
  },
}
