import type { CommandRecord } from '../command.ts'
import { faultOfOperation, follow } from '../follow.ts'
import { operationSheet } from '../output/operation.ts'
import { readSeconds } from '../read-number.ts'

export const command: CommandRecord = {
  about: 'Shows one operation: what was asked, how far it is, how it ended and why.',
  arguments: [{ name: 'operation', about: 'id of the operation' }],
  options: [
    { flags: '--wait', about: 'wait until it has ended and show its progress; then its outcome is the exit code' },
    { flags: '--timeout <seconds>', about: 'wait no longer than this' },
  ],
  run: async (cli, [id], options) => {
    const api = await cli.api()
    if (options.wait !== true) {
      const operation = await api.operation(id!)
      await cli.print(operation, () => operationSheet(operation, cli.paint))
      return
    }
    const operation = await follow(cli, api, id!, readSeconds(options, 'timeout'))
    if (cli.format !== 'table') await cli.print(operation, () => [])
    const fault = faultOfOperation(operation)
    if (fault !== undefined) throw fault
  },
}
