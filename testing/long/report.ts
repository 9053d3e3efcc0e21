import type { FuzzCount } from './fuzz/codecs.ts'
import type { RouteFuzz } from './fuzz/routes.ts'
import type { WireFuzz } from './fuzz/wires.ts'
import { protocols } from './matrix/cases.ts'
import type { MatrixResult } from './matrix/matrix.ts'
import type { SoakResult } from './soak/heap.ts'
import type { Trouble } from './wires/step-watch.ts'

// The tables of `npm run test:long`.

const columns = (rows: readonly (readonly string[])[]): string => {
  const widths = rows[0]!.map((_, at) => Math.max(...rows.map((row) => row[at]!.length)))
  const line = (row: readonly string[]): string =>
    row.map((cell, at) => (at === 0 ? cell.padEnd(widths[at]!) : cell.padStart(widths[at]!))).join('  ')
  return rows.map(line).join('\n')
}

const troubles: readonly Trouble[] = ['drop', 'stall', 'garbage', 'half', 'refuse']

/** Cases of each protocol and trouble, how many of the acts survived it, and the codes of those that did not. */
export const matrixTable = ({ outcomes, cases, leaks }: MatrixResult): string => {
  const rows = protocols.map((protocol) => {
    const mine = outcomes.filter(({ of }) => of.protocol === protocol)
    const cell = (trouble: Trouble): string => {
      const those = mine.filter(({ of }) => of.trouble === trouble)
      return those.length === 0 ? '-' : `${those.filter(({ how }) => how === 'survived').length}/${those.length}`
    }
    const steps = new Set(mine.map(({ of }) => `${of.act} ${of.step}`)).size
    const wrong = mine.filter((outcome) => outcome.wrong.length > 0).length
    return [protocol, String(steps), ...troubles.map(cell), String(wrong)]
  })
  const codes = new Map<string, number>()
  for (const { code } of outcomes) if (code !== undefined) codes.set(code, (codes.get(code) ?? 0) + 1)
  const named = [...codes].sort(([, a], [, b]) => b - a).map(([code, count]) => `${code} ${count}`)
  return [
    columns([['fault matrix: survived/cases', 'steps', ...troubles, 'wrong'], ...rows]),
    `${outcomes.length} of ${cases} cases; what did not survive ended with ${named.join(', ') || 'nothing'}`,
    `left behind: ${leaks.length === 0 ? 'nothing' : leaks.join('; ')}`,
  ].join('\n')
}

export const codecTable = (counts: readonly FuzzCount[]): string =>
  columns([
    ['codec fuzz', 'inputs', 'read', 'refused', 'wrong'],
    ...counts.map(({ target, inputs, read, refused, wrong }) => [
      target,
      ...[inputs, read, refused, wrong.length].map(String),
    ]),
  ])

export const routeTable = ({ requests, routes, statuses, succeeded, wrong }: RouteFuzz): string => {
  const answered = [...statuses].sort(([a], [b]) => a - b).map(([status, count]) => `${status}: ${count}`)
  return `route fuzz: ${requests} requests on ${routes} routes, ${succeeded.size} of them also with success; ${wrong.length} wrong\n${answered.join('  ')}`
}

export const wireTable = (results: readonly WireFuzz[]): string =>
  columns([
    ['wire fuzz', 'connections', 'wrong'],
    ...results.map(({ wire, connections, wrong }) => [wire, String(connections), String(wrong.length)]),
  ])

export const soakTable = (results: readonly SoakResult[]): string => {
  const KiB = (bytes: number): string => (bytes / 1024).toFixed(0)
  return columns([
    ['soak', 'cycles', 'seconds', 'first KiB', 'last KiB', 'bytes/cycle', 'wrong'],
    ...results.map(({ name, cycles, seconds, samples, perCycle, wrong }) => [
      name,
      String(cycles),
      seconds.toFixed(0),
      KiB(samples[0]?.bytes ?? 0),
      KiB(samples.at(-1)?.bytes ?? 0),
      perCycle.toFixed(0),
      String(wrong.length),
    ]),
  ])
}
