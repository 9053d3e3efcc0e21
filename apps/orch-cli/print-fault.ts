import type { Fault } from '@outrider/protocols/values'
import { painter, plain } from './output/table.ts'

interface Where {
  readonly stderr: NodeJS.WriteStream
  readonly environment: NodeJS.ProcessEnv
}

/** Prints a fault for a person, as code, cause and remedy, or as JSON for a script. */
export const printFault = ({ stderr, environment }: Where, fault: Fault, json: boolean, verbose: boolean): void => {
  if (json) {
    stderr.write(`${JSON.stringify({ fault: fault.record() })}\n`)
    return
  }
  const paint = painter(stderr.isTTY === true && (environment.NO_COLOR ?? '') === '')
  const { operation } = fault.detail
  const lines = [
    `${paint('red', 'error:')} ${paint('bold', fault.code)}: ${plain(fault.message)}`,
    `${paint('yellow', 'remedy:')} ${plain(fault.remedy)}`,
    ...(operation === undefined ? [] : [`operation: ${operation}`]),
    ...(verbose && fault.cause !== undefined ? [String((fault.cause as Error).stack ?? fault.cause)] : []),
  ]
  stderr.write(`${lines.join('\n')}\n`)
}
