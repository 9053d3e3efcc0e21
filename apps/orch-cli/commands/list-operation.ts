import { type CommandRecord, textOf } from '../command.ts'
import { operationTable } from '../output/operation.ts'
import { readCount } from '../read-number.ts'

export const command: CommandRecord = {
  about: 'Lists operations, newest first.',
  options: [
    { flags: '--host <host>', about: 'of one host, by name, id, serial number or UUID' },
    { flags: '--life <lives>', about: 'queued, running, succeeded, failed, refused, cancelled; several with commas' },
    { flags: '--limit <count>', about: 'at most this many (50)' },
  ],
  run: async (cli, _, options) => {
    const api = await cli.api()
    const key = textOf(options, 'host')
    const host = key === undefined ? undefined : (await api.host(key)).resourceId
    const operations = await api.operations(host, textOf(options, 'life'), readCount(options, 'limit', 50))
    await cli.print(operations, () => operationTable(operations, cli.paint))
  },
}
