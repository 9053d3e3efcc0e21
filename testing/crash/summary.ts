import type { Violation } from './judge.ts'
import { victims } from './moments.ts'
import type { CrashReport } from './run.ts'

export const violationsOf = (report: CrashReport): readonly (Violation & { readonly where: string })[] => [
  ...report.results.flatMap(({ number, serial, violations }) =>
    violations.map((violation) => ({ where: `point ${number}, ${serial}`, ...violation })),
  ),
  ...report.violations.map((violation) => ({ where: `in the end, ${violation.serial}`, ...violation })),
]

/** Who was killed in what and after which step, what became of it, and the three numbers that must be 0. */
export const summary = (report: CrashReport): readonly string[] => {
  const killed = report.results.filter((result) => result.killed !== undefined)
  const rows = new Map<string, { points: number; ends: Map<string, number> }>()
  for (const { victim, act, moment, life, code } of killed) {
    const key = `${victim.padEnd(13)} ${act.padEnd(18)} ${moment}`
    const row = rows.get(key) ?? { points: 0, ends: new Map<string, number>() }
    row.points++
    const end = code === '' ? life : `${life} ${code}`
    row.ends.set(end, (row.ends.get(end) ?? 0) + 1)
    rows.set(key, row)
  }
  const violations = violationsOf(report)
  const count = (kind: Violation['kind']): number => violations.filter((violation) => violation.kind === kind).length
  return [
    'killed        during             after                     points  ends',
    ...[...rows]
      .sort(([a], [b]) => a.localeCompare(b))
      .map(
        ([key, { points, ends }]) =>
          `${key.padEnd(58)} ${String(points).padStart(5)}  ${[...ends].map(([end, times]) => `${times} ${end}`).join(', ')}`,
      ),
    ...victims.map((victim) => `${victim}: ${killed.filter((result) => result.victim === victim).length} kills`),
    `firmware did ${Object.entries(report.counters)
      .filter(([, times]) => times > 0)
      .map(([name, times]) => `${name} ${times}`)
      .join(', ')}`,
    ...violations.map(({ where, kind, what }) => `${kind}: ${what} (${where})`),
    `${killed.length} kills, ${report.results.length - killed.length} came too late, ${report.orchestratorStarts} starts of the orchestrator`,
    `lost ${count('lost')}, doubled ${count('doubled')}, wrong credentials ${count('wrong-credentials')}, untrue ${count('untrue')}`,
  ]
}
