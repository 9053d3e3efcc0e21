import { type CommandRecord, textOf } from '../command.ts'
import { plain, table } from '../output/table.ts'
import { readCount } from '../read-number.ts'

export const command: CommandRecord = {
  about: 'Lists who did what to which host, from where, with which outcome; newest first.',
  options: [
    { flags: '--host <host>', about: 'of one host, by name, id, serial number or UUID' },
    { flags: '--limit <count>', about: 'at most this many (50)' },
  ],
  run: async (cli, _, options) => {
    const api = await cli.api()
    const key = textOf(options, 'host')
    const host = key === undefined ? undefined : (await api.host(key)).resourceId
    const entries = await api.audit(host, readCount(options, 'limit', 50))
    await cli.print(entries, () =>
      table(
        ['TIME', 'WHO', 'FROM', 'ACT', 'HOST', 'OUTCOME', 'CODE', 'OPERATION'],
        entries.map(({ at, name, from, act, hostId, outcome, fault, operationId }) => [
          at,
          plain(name),
          from === '' ? '-' : plain(from),
          act,
          hostId ?? '-',
          outcome === 'failed' || outcome === 'refused' ? cli.paint('red', outcome) : outcome,
          fault?.code ?? '-',
          operationId ?? '-',
        ]),
        cli.paint,
      ),
    )
  },
}
