import { setTimeout as sleep } from 'node:timers/promises'
import { Fault } from '@outrider/protocols/values'
import type { Api, HostView } from './api.ts'
import type { Cli } from './cli.ts'
import { faults } from './faults.ts'
import { follow } from './follow.ts'
import { whileAway } from './while-away.ts'

const LOOK_MS = 100
/** The record goes right behind the deactivation. */
const MOST_LOOKS = 600

/**
 * Follows the deactivation a deletion or deauthorisation waits for, and then waits until that is done. Throws what
 * `follow` throws, and `CLI_NOT_RETIRED`.
 */
export const followRetirement = async (
  cli: Cli,
  api: Api,
  { resourceId }: HostView,
  operation: string,
  timeoutSeconds: number | undefined,
  isDone: (host: HostView | undefined) => boolean,
): Promise<void> => {
  await follow(cli, api, operation, timeoutSeconds)
  for (let looks = 0; looks < MOST_LOOKS; looks++) {
    if (isDone(await whileAway(cli, cli.err, () => hostIfThere(api, resourceId)))) return
    await sleep(LOOK_MS, undefined, { signal: cli.signal })
  }
  throw faults.CLI_NOT_RETIRED({ host: resourceId })
}

const hostIfThere = async (api: Api, id: string): Promise<HostView | undefined> => {
  try {
    return await api.host(id)
  } catch (error) {
    if (error instanceof Fault && error.kind === 'missing') return undefined
    throw error
  }
}
