import type { CommandRecord } from '../command.ts'
import { readSeconds } from '../read-number.ts'
import { followRetirement } from '../retire.ts'

export const command: CommandRecord = {
  about:
    'Deletes a host and ends its agents’ credentials. A machine that is activated is deactivated first: the host goes ' +
    'when that has succeeded, and stays with the reason where it fails.',
  arguments: [{ name: 'host', about: 'name, id, serial number or UUID' }],
  options: [
    { flags: '--wait', about: 'wait until it is gone and show the progress of its deactivation' },
    { flags: '--timeout <seconds>', about: 'wait no longer than this' },
    {
      flags: '--force',
      about: 'at once, also where its machine may still be activated and is gone for good; takes an administrator',
    },
  ],
  run: async (cli, [key], options) => {
    const timeout = readSeconds(options, 'timeout')
    const api = await cli.api()
    const host = await api.host(key!)
    const { resourceId, name } = host
    const force = options.force === true
    const operation = await api.deleteHost(resourceId, force)
    if (operation !== undefined && options.wait !== true) {
      await cli.print({ resourceId, name, deleted: false, operation }, () => [
        `${name} is deactivated first, and deleted then.`,
        `Follow it with: orch-cli get operation ${operation} --wait`,
      ])
      return
    }
    if (operation !== undefined) await followRetirement(cli, api, host, operation, timeout, (now) => now === undefined)
    await cli.print({ resourceId, name, deleted: true, ...(operation === undefined ? {} : { operation }) }, () => [
      `${name} is deleted.`,
      ...(force ? ['If its machine was activated, only clearing its CMOS frees it now.'] : []),
    ])
  },
}
