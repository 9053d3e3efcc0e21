import { Fault } from '@outrider/protocols/values'
import type { Api, OperationView } from './api.ts'
import type { Cli } from './cli.ts'
import { faults } from './faults.ts'
import { plain } from './output/table.ts'
import { whileAway } from './while-away.ts'

const POLL_SECONDS = 30

/** Steps of a way that is not the straight one. */
const DETOURS: ReadonlySet<string> = new Set([
  'recovering',
  'settling',
  'retrying',
  'waiting-for-agent',
  'over-the-agent',
  'not-yet',
])
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
  const over = (): Fault | undefined =>
    left() > 0 ? undefined : faults.CLI_WAIT_OVER({ operation: id, seconds: timeoutSeconds ?? 0 })

  const show = (now: OperationView): void => {
    if (life === '')
      say(`${cli.paint('bold', now.kind)} ${now.id} ${now.life === 'queued' ? 'is queued' : `is ${now.life}`}`)
    for (const { at, step, message } of now.steps.slice(shown))
      say(
        `${cli.paint('gray', `[${elapsed(now.createdAt, at)}]`)} ${cli.paint(DETOURS.has(step) ? 'yellow' : 'cyan', plain(step))}  ${plain(message)}`,
      )
    shown = now.steps.length
    life = now.life
  }

  for (;;) {
    const known = operation
    operation = await whileAway(
      cli,
      say,
      () =>
        known === undefined
          ? api.operation(id)
          : api.operationAfter(id, known.revision, Math.max(1, Math.min(POLL_SECONDS, Math.ceil(left())))),
      over,
    )
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
