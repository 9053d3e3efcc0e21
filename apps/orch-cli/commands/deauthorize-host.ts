import { type CommandRecord, textOf } from '../command.ts'
import { readSeconds } from '../read-number.ts'
import { followRetirement } from '../retire.ts'

export const command: CommandRecord = {
  about:
    'Ends the credentials of a host’s agents and keeps its record. A machine that is activated is deactivated first.',
  arguments: [{ name: 'host', about: 'name, id, serial number or UUID' }],
  options: [
    { flags: '--note <text>', about: 'why' },
    { flags: '--wait', about: 'wait until it is done and show the progress of its deactivation' },
    { flags: '--timeout <seconds>', about: 'wait no longer than this' },
  ],
  run: async (cli, [key], options) => {
    const timeout = readSeconds(options, 'timeout')
    const api = await cli.api()
    const host = await api.host(key!)
    const { resourceId, name } = host
    const operation = await api.deauthorizeHost(resourceId, textOf(options, 'note'))
    if (operation !== undefined && options.wait !== true) {
      await cli.print({ resourceId, name, deauthorized: false, operation }, () => [
        `${name} is deactivated first, and deauthorised then.`,
        `Follow it with: orch-cli get operation ${operation} --wait`,
      ])
      return
    }
    if (operation !== undefined)
      await followRetirement(
        cli,
        api,
        host,
        operation,
        timeout,
        (now) => now === undefined || now.currentState === 'HOST_STATE_UNTRUSTED',
      )
    await cli.print({ resourceId, name, deauthorized: true, ...(operation === undefined ? {} : { operation }) }, () => [
      `${name} is deauthorised.`,
    ])
  },
}
