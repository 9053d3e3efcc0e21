import { type CommandRecord, textOf } from '../command.ts'
import { hostTable } from '../output/host.ts'

// The words existing users filter by (reference/emf-code.md 4.4); anything else is a filter of the API.
const WORDS: Readonly<Record<string, string>> = {
  provisioned: 'currentAmtState=AMT_STATE_PROVISIONED',
  onboarded: 'currentState=HOST_STATE_ONBOARDED',
  registered: 'currentState=HOST_STATE_REGISTERED',
  deauthorized: 'currentState=HOST_STATE_UNTRUSTED',
  'not connected': 'hostStatus="Not Connected"',
  error:
    'hostStatusIndicator=STATUS_INDICATION_ERROR OR amtStatusIndicator=STATUS_INDICATION_ERROR OR ' +
    'powerStatusIndicator=STATUS_INDICATION_ERROR',
}

export const command: CommandRecord = {
  about: 'Lists hosts with what their machines can, whether they are connected, and what was last done with them.',
  options: [
    {
      flags: '-f, --filter <filter>',
      about: `${Object.keys(WORDS).join(', ')}, or a filter such as name="edge" AND amtSku=AMT_SKU_ISM`,
    },
    { flags: '--order-by <field>', about: 'name, serialNumber or createdAt, with desc behind it for the reverse' },
    { flags: '--page-size <count>', about: 'one page of this many' },
    { flags: '--offset <count>', about: 'begin after this many' },
    { flags: '-w, --wide', about: 'with serial number, UUID and AMT UUID' },
  ],
  run: async (cli, _, options) => {
    const filter = textOf(options, 'filter')
    const orderBy = textOf(options, 'orderBy')
    const pageSize = textOf(options, 'pageSize')
    const offset = textOf(options, 'offset')
    const hosts = await (await cli.api()).hosts({
      ...(filter === undefined ? {} : { filter: WORDS[filter.toLowerCase()] ?? filter }),
      ...(orderBy === undefined ? {} : { orderBy }),
      ...(pageSize === undefined ? {} : { pageSize }),
      ...(offset === undefined ? {} : { offset }),
    })
    await cli.print(hosts, () => hostTable(hosts, options.wide === true, cli.paint))
  },
}
