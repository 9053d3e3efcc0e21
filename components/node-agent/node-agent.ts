import type { Clock, EventSink, Random } from '@outrider/domain/ports'
import { Fault, Secret, seconds } from '@outrider/protocols/values'
import type { NodeAgentConfig } from './config.ts'
import { nodeAgentFaults } from './faults.ts'
import {
  type ClientCredentials,
  enrolmentMark,
  readCredentials,
  readMachine,
  replaceFile,
  tokenPath,
  writeCredentials,
} from './files.ts'
import type { OrchestratorClient } from './orchestrator-client.ts'

export interface NodeAgentDeps {
  readonly config: NodeAgentConfig
  readonly orchestrator: OrchestratorClient
  readonly clock: Clock
  readonly random: Random
  readonly events: EventSink
}

/** First and longest pause between tries of what is away, and between tries of what was refused. */
const RETRY_FIRST = seconds(1)
const RETRY_LONGEST = seconds(60)
const REFUSED_PAUSE = seconds(300)
/** A token is renewed when this share of its life is over, a little earlier or later by chance. */
const RENEW_AT = 0.6
const RENEW_SPREAD = 0.2

/**
 * The node agent: exchanges the enrolment token for the node's credentials, then keeps one token file per
 * agent fresh, its own first. Runs until `signal` aborts; nothing that is away or refused ends it.
 */
export const runNodeAgent = async (deps: NodeAgentDeps, signal: AbortSignal): Promise<void> => {
  const credentials = await untilDone(deps, 'node-agent', () => enrolled(deps, signal), signal)
  if (credentials === undefined) return
  const clients = deps.config.OUTRIDER_TOKEN_CLIENTS.split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '')
  // The first tokens one after the other, in the order configured; afterwards each on its own.
  const lives: number[] = []
  for (const client of clients) {
    const life = await untilDone(deps, client, () => renew(deps, credentials, client, signal), signal)
    if (life === undefined) return
    lives.push(life)
  }
  await Promise.all(clients.map((client, index) => keepFresh(deps, credentials, client, lives[index]!, signal)))
}

/** The node's credentials: those that are kept, unless there is a token they were not got with. */
const enrolled = async (deps: NodeAgentDeps, signal: AbortSignal): Promise<ClientCredentials> => {
  const { config, orchestrator, events } = deps
  const kept = await readCredentials(config.OUTRIDER_STATE_DIR)
  if (!config.OUTRIDER_ENROLMENT_TOKEN) {
    if (kept === undefined) throw nodeAgentFaults.NODE_NOT_ENROLLED()
    return kept.credentials
  }
  const token = new Secret(config.OUTRIDER_ENROLMENT_TOKEN)
  const mark = enrolmentMark(token)
  if (kept?.mark === mark) return kept.credentials
  const machine = await readMachine(config.OUTRIDER_DMI_DIR)
  try {
    const credentials = await orchestrator.enrol(token, machine, signal)
    await writeCredentials(config.OUTRIDER_STATE_DIR, credentials, mark)
    events.emit('agent.token', { client: 'node-agent', outcome: 'enrolled' })
    return credentials
  } catch (error) {
    const { code } = Fault.from(error)
    if (kept === undefined || code !== 'NODE_ENROLMENT_REFUSED') throw error
    // A token of long ago, say, in an environment file that was put back: what worked until now may still.
    events.emit('agent.token', { client: 'node-agent', outcome: 'refused', code })
    return kept.credentials
  }
}

/** Writes a fresh token file and returns the token's life in seconds. */
const renew = async (
  deps: NodeAgentDeps,
  credentials: ClientCredentials,
  client: string,
  signal: AbortSignal,
): Promise<number> => {
  const { token, expiresInSeconds } = await deps.orchestrator.accessToken(credentials, signal)
  await replaceFile(tokenPath(deps.config.OUTRIDER_STATE_DIR, client), token.reveal(), 0o640)
  deps.events.emit('agent.token', { client, outcome: 'renewed' })
  return expiresInSeconds
}

const keepFresh = async (
  deps: NodeAgentDeps,
  credentials: ClientCredentials,
  client: string,
  firstLife: number,
  signal: AbortSignal,
): Promise<void> => {
  let life: number | undefined = firstLife
  while (life !== undefined && !signal.aborted) {
    const share = RENEW_AT + RENEW_SPREAD * chance(deps.random)
    const slept = await deps.clock.sleep(Math.max(seconds(5), seconds(life) * share), signal).then(
      () => true,
      () => false,
    )
    if (!slept) return
    life = await untilDone(deps, client, () => renew(deps, credentials, client, signal), signal)
  }
}

/** `work`, tried until it succeeds; `undefined` where `signal` aborted first. */
const untilDone = async <T>(
  deps: NodeAgentDeps,
  client: string,
  work: () => Promise<T>,
  signal: AbortSignal,
): Promise<T | undefined> => {
  let pause = RETRY_FIRST
  while (!signal.aborted) {
    try {
      return await work()
    } catch (error) {
      if (signal.aborted) return undefined
      const fault = Fault.from(error)
      const away = fault.kind === 'unavailable' || fault.kind === 'timeout'
      deps.events.emit('agent.token', { client, outcome: away ? 'waiting' : 'refused', code: fault.code })
      const span = away ? pause * (0.5 + chance(deps.random)) : REFUSED_PAUSE
      pause = Math.min(pause * 2, RETRY_LONGEST)
      await deps.clock.sleep(span, signal).catch(() => undefined)
    }
  }
  return undefined
}

/** Between 0 and 1. */
const chance = (random: Random): number => (random.bytes(1)[0] ?? 0) / 256
