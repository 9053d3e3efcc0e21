import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { runCrashPoints } from '../crash/run.ts'
import { summary, violationsOf } from '../crash/summary.ts'

/** `OUTRIDER_CRASH_SEED` repeats a run that failed, as far as time lets it; `npm run test:crash` does many more. */
const seed = Number(process.env.OUTRIDER_CRASH_SEED ?? Math.floor(Math.random() * 2 ** 31))
const POINTS = 20

describe(`kill -9 at ${POINTS} points (OUTRIDER_CRASH_SEED=${seed})`, () => {
  it('loses no operation, does nothing twice, and leaves credentials that log in', async (context) => {
    const folder = mkdtempSync(join(tmpdir(), 'outrider-crash-'))
    const lines: string[] = []
    try {
      const report = await runCrashPoints({
        points: POINTS,
        seed,
        machines: 4,
        folder,
        say: (line) => lines.push(line),
      })
      for (const line of summary(report)) context.diagnostic(line)
      const killed = report.results.filter(({ killed: pid }) => pid !== undefined)
      assert.ok(killed.length >= POINTS, `only ${killed.length} kills hit anybody`)
      assert.deepEqual(violationsOf(report), [], `seed ${seed}\n${lines.join('\n')}\n${report.output.slice(-40_000)}`)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
})
