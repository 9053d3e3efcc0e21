import type { HostView } from '../api.ts'
import { type Paint, plain, sheet, table } from './table.ts'

const NONE = '-'

/** The last word of an enumeration's name: `AMT_STATE_PROVISIONED` → `provisioned`. */
export const short = (prefix: string, name: string | undefined): string => {
  if (name === undefined || name.endsWith('UNSPECIFIED')) return NONE
  return name.replace(prefix, '').toLowerCase().replaceAll('_', '-')
}

const painted = (paint: Paint, text: string, good: readonly string[], bad: readonly string[]): string => {
  if (good.includes(text)) return paint('green', text)
  return bad.includes(text) ? paint('red', text) : text
}

const presence = ({ outrider }: HostView): string =>
  outrider?.presence?.connected === true ? 'connected' : 'not connected'

const lastOperation = ({ outrider }: HostView): string => {
  const last = outrider?.lastOperation
  if (last === undefined) return NONE
  return `${last.kind} ${last.life}${last.code === undefined ? '' : ` (${last.code})`}`
}

const life = (paint: Paint, text: string): string => {
  if (text.includes(' succeeded')) return paint('green', text)
  if (text.includes(' failed') || text.includes(' refused')) return paint('red', text)
  return text.includes(' running') || text.includes(' queued') ? paint('yellow', text) : text
}

const conditionCodes = ({ outrider }: HostView): string[] => (outrider?.conditions ?? []).map(({ code }) => code)

const HEADS = ['NAME', 'ID', 'SUPPORT', 'REASON', 'AMT', 'STATE', 'MODE', 'PRESENCE', 'POWER', 'LAST OPERATION']
const WIDE = ['SERIAL', 'UUID', 'AMT UUID']

export const hostTable = (hosts: readonly HostView[], wide: boolean, paint: Paint): string[] =>
  table(
    wide ? [...HEADS, ...WIDE] : HEADS,
    hosts.map((host) => {
      const facts = host.outrider ?? {}
      const cells = [
        plain(host.name),
        host.resourceId,
        painted(paint, facts.support ?? 'unknown', ['amt', 'ism'], ['unsupported']),
        [plain(facts.reason ?? NONE), ...conditionCodes(host).map((code) => paint('red', plain(code)))].join(', '),
        plain(facts.amtVersion ?? NONE),
        painted(paint, short('AMT_STATE_', host.currentAmtState), ['provisioned'], []),
        plain(facts.controlMode ?? NONE),
        painted(paint, presence(host), ['connected'], []),
        plain(facts.power ?? NONE),
        life(paint, lastOperation(host)),
      ]
      if (!wide) return cells
      return [...cells, plain(host.serialNumber ?? NONE), plain(host.uuid ?? NONE), plain(facts.amtUuid ?? NONE)]
    }),
    paint,
  )

const shownOf = (text: string | undefined): string | undefined => (text === undefined ? undefined : plain(text))

type Row = readonly [string, string]
const given = (rows: readonly (readonly [string, string | undefined])[]): Row[] =>
  rows.filter((row): row is Row => row[1] !== undefined && row[1] !== '').map(([name, value]) => [name, value])

export const hostSheet = (host: HostView, paint: Paint): string[] => {
  const facts = host.outrider ?? {}
  const last = facts.lastOperation
  const since = facts.presence?.since === undefined ? '' : ` since ${facts.presence.since}`
  const instance = facts.presence?.instance === undefined ? '' : ` at ${plain(facts.presence.instance)}`
  const ended = last?.endedAt === undefined ? '' : ` at ${last.endedAt}`
  return sheet(
    [
      {
        title: 'Host',
        rows: given([
          ['Name', plain(host.name)],
          ['Id', host.resourceId],
          ['Serial number', plain(host.serialNumber ?? NONE)],
          ['UUID', host.uuid ?? NONE],
          ['State', short('HOST_STATE_', host.currentState)],
          ['Status', plain(host.hostStatus ?? '')],
          ['Registered', host.timestamps?.createdAt],
        ]),
      },
      {
        title: 'AMT',
        rows: given([
          ['Support', painted(paint, facts.support ?? 'unknown', ['amt', 'ism'], ['unsupported'])],
          [
            'Reason',
            plain(`${facts.reason ?? NONE}${facts.reasonMessage === undefined ? '' : `: ${facts.reasonMessage}`}`),
          ],
          ['Version', shownOf(facts.amtVersion)],
          ['AMT UUID', plain(facts.amtUuid ?? NONE)],
          ['Control mode', shownOf(facts.controlMode)],
          ['Wished mode', short('AMT_CONTROL_MODE_', host.amtControlMode)],
          ['State', painted(paint, short('AMT_STATE_', host.currentAmtState), ['provisioned'], [])],
          ['Wished state', short('AMT_STATE_', host.desiredAmtState)],
          ['Status', plain(host.amtStatus ?? '')],
          ['DNS suffix', plain(host.amtDnsSuffix ?? '')],
          ['Detected', facts.detectedAt],
        ]),
      },
      {
        title: 'Connection and power',
        rows: given([
          ['Presence', `${painted(paint, presence(host), ['connected'], [])}${since}${instance}`],
          ['Power', shownOf(facts.power)],
          ['Wished power', short('POWER_STATE_', host.desiredPowerState)],
          ['Status', plain(host.powerStatus ?? '')],
          ['Power policy', short('POWER_COMMAND_POLICY_', host.powerCommandPolicy)],
          ['Policy', facts.policy],
        ]),
      },
      ...(facts.conditions ?? []).map(({ code, message, remedy, since }) => ({
        title: paint('red', code),
        rows: [
          ['Cause', plain(message)],
          ['Remedy', plain(remedy)],
          ['Since', since],
        ] as const,
      })),
      {
        title: 'Last operation',
        rows:
          last === undefined
            ? []
            : given([
                ['Id', last.id],
                ['Outcome', `${life(paint, lastOperation(host))}${ended}`],
                ['Cause', last.message === undefined ? undefined : plain(last.message)],
              ]),
      },
    ],
    paint,
  )
}
