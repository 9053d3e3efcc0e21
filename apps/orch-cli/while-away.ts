import { setTimeout as sleep } from 'node:timers/promises'
import { Fault, faultStatus } from '@outrider/protocols/values'
import type { Cli } from './cli.ts'

const RETRY_MS = [200, 500, 1000, 2000] as const
/** An orchestrator that is away this long while we wait is given up. */
const AWAY_MS = 120_000

/**
 * Does `work`, and does it again while the orchestrator is away, which is said once: so only what may reach it
 * twice. `over` is thrown instead where it gives a fault between two tries.
 */
export const whileAway = async <T>(
  cli: Pick<Cli, 'paint' | 'signal'>,
  say: (line: string) => void,
  work: () => Promise<T>,
  over: () => Fault | undefined = () => undefined,
): Promise<T> => {
  let away: { readonly since: number; tries: number } | undefined
  for (;;) {
    const fault = over()
    if (fault !== undefined) throw fault
    try {
      const done = await work()
      if (away !== undefined) say(cli.paint('yellow', 'the orchestrator answers again'))
      return done
    } catch (error) {
      if (!(error instanceof Fault) || !faultStatus[error.kind].transient) throw error
      if (away === undefined) {
        away = { since: performance.now(), tries: 0 }
        say(cli.paint('yellow', `the orchestrator does not answer (${error.code}); asking again`))
      }
      if (performance.now() - away.since > AWAY_MS) throw error
      await sleep(RETRY_MS[Math.min(away.tries++, RETRY_MS.length - 1)], undefined, { signal: cli.signal })
    }
  }
}
