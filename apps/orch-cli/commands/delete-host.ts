import type { CommandRecord } from '../command.ts'

export const command: CommandRecord = {
  about: 'Deletes a host and ends its agents’ credentials. Refused while it is activated.',
  arguments: [{ name: 'host', about: 'name, id, serial number or UUID' }],
  options: [
    {
      flags: '--force',
      about: 'also where its machine may still be activated and is gone for good; takes an administrator',
    },
  ],
  run: async (cli, [key], options) => {
    const api = await cli.api()
    const { resourceId, name } = await api.host(key!)
    const force = options.force === true
    await api.deleteHost(resourceId, force)
    await cli.print({ resourceId, name, deleted: true }, () => [
      `${name} is deleted.`,
      ...(force ? ['If its machine was activated, only clearing its CMOS frees it now.'] : []),
    ])
  },
}
