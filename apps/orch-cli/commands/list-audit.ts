import type { Api } from '../api.ts'
import { type CommandRecord, textOf } from '../command.ts'
import { plain, table } from '../output/table.ts'
import { readCount } from '../read-number.ts'

/** Also of a host that is gone: its id says it all. */
const hostIdOf = async (api: Api, key: string): Promise<string> =>
  /^host-[0-9a-f]{8}$/.test(key) ? key : (await api.host(key)).resourceId

export const command: CommandRecord = {
  about: 'Lists who did what to which host, from where, with which outcome; newest first.',
  options: [
    { flags: '--host <host>', about: 'of one host, by name, id, serial number or UUID' },
    { flags: '--limit <count>', about: 'at most this many (50)' },
  ],
  run: async (cli, _, options) => {
    const api = await cli.api()
    const key = textOf(options, 'host')
    const host = key === undefined ? undefined : await hostIdOf(api, key)
    const entries = await api.audit(host, readCount(options, 'limit', 50))
    await cli.print(entries, () =>
      table(
        ['TIME', 'WHO', 'FROM', 'ACT', 'HOST', 'OUTCOME', 'CODE', 'OPERATION'],
        entries.map(({ at, name, from, act, target, hostId, guid, outcome, fault, operationId }) => [
          at,
          plain(name),
          from === '' ? '-' : plain(from),
          plain(target === undefined || target === operationId ? act : `${act} ${target}`),
          hostId ?? guid ?? '-',
          outcome === 'failed' || outcome === 'refused' ? cli.paint('red', outcome) : outcome,
          fault?.code ?? '-',
          operationId ?? '-',
        ]),
        cli.paint,
      ),
    )
  },
}
