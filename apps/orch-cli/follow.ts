import { setTimeout as sleep } from 'node:timers/promises'
import { Fault, faultStatus } from '@outrider/protocols/values'
import type { Api, OperationView } from './api.ts'
import type { Cli } from './cli.ts'
import { faults } from './faults.ts'
import { plain } from './output/table.ts'

const POLL_SECONDS = 30
const RETRY_MS = [200, 500, 1000, 2000] as const
/** An orchestrator that is away this long while we wait is given up. */
const AWAY_MS = 120_000

const ENDED: ReadonlySet<string> = new Set(['succeeded', 'failed', 'refused', 'cancelled'])

const elapsed = (from: string, to: string): string => {
  const seconds = Math.max(0, (Date.parse(to) - Date.parse(from)) / 1000)
  return `${seconds.toFixed(1).padStart(6)}s`
}

/** The fault of an operation that ended other than well. */
export const faultOfOperation = (operation: OperationView): Fault | undefined => {
  if (operation.fault !== undefined)
    return new Fault({ ...operation.fault, detail: { ...operation.fault.detail, operation: operation.id } })
  return operation.life === 'cancelled' ? faults.CLI_OPERATION_CANCELLED({ operation: operation.id }) : undefined
}

/**
 * Follows an operation to its end and shows each step when it happens. While the orchestrator restarts it is
 * asked again. Throws the operation's own fault, `CLI_WAIT_OVER`, or what the orchestrator says.
 */
export const follow = async (
  cli: Cli,
  api: Api,
  id: string,
  timeoutSeconds: number | undefined,
): Promise<OperationView> => {
  const say = (line: string): void => (cli.format === 'table' ? cli.out(line) : cli.err(line))
  const begun = performance.now()
  const left = (): number =>
    timeoutSeconds === undefined ? POLL_SECONDS : timeoutSeconds - (performance.now() - begun) / 1000

  let operation: OperationView | undefined
  let shown = 0
  let life = ''
  let away: { readonly since: number; tries: number } | undefined

  const show = (now: OperationView): void => {
    if (life === '')
      say(`${cli.paint('bold', now.kind)} ${now.id} ${now.life === 'queued' ? 'is queued' : `is ${now.life}`}`)
    for (const { at, step, message } of now.steps.slice(shown))
      say(
        `${cli.paint('gray', `[${elapsed(now.createdAt, at)}]`)} ${cli.paint('cyan', plain(step))}  ${plain(message)}`,
      )
    shown = now.steps.length
    life = now.life
  }

  for (;;) {
    if (left() <= 0) throw faults.CLI_WAIT_OVER({ operation: id, seconds: timeoutSeconds ?? 0 })
    try {
      operation =
        operation === undefined
          ? await api.operation(id)
          : await api.operationAfter(id, operation.revision, Math.max(1, Math.min(POLL_SECONDS, Math.ceil(left()))))
      if (away !== undefined) say(cli.paint('yellow', 'the orchestrator answers again'))
      away = undefined
    } catch (error) {
      if (!(error instanceof Fault) || !faultStatus[error.kind].transient) throw error
      if (away === undefined) {
        away = { since: performance.now(), tries: 0 }
        say(cli.paint('yellow', `the orchestrator does not answer (${error.code}); asking again`))
      }
      if (performance.now() - away.since > AWAY_MS) throw error
      await sleep(RETRY_MS[Math.min(away.tries++, RETRY_MS.length - 1)], undefined, { signal: cli.signal })
      continue
    }
    show(operation)
    if (!ENDED.has(operation.life)) continue
    const took = elapsed(operation.createdAt, operation.endedAt ?? operation.createdAt).trim()
    if (operation.life === 'succeeded') {
      say(`${cli.paint('green', `${operation.kind} succeeded`)} in ${took}`)
      return operation
    }
    say(`${cli.paint('red', `${operation.kind} ${operation.life}`)} after ${took}`)
    throw faultOfOperation(operation) ?? faults.CLI_OPERATION_CANCELLED({ operation: id })
  }
}
