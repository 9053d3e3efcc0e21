import type { CommandRecord } from '../command.ts'

export const command: CommandRecord = {
  about: 'Deletes a host and ends its agents’ credentials. Refused while it is activated.',
  arguments: [{ name: 'host', about: 'name, id, serial number or UUID' }],
  run: async (cli, [key]) => {
    const api = await cli.api()
    const { resourceId, name } = await api.host(key!)
    await api.deleteHost(resourceId)
    await cli.print({ resourceId, name, deleted: true }, () => [`${name} is deleted.`])
  },
}
