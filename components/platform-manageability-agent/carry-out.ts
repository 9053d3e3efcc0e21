import { Fault } from '@outrider/protocols/values'
import type { ManageabilityAgentConfig } from './config.ts'
import { manageabilityFaults } from './faults.ts'
import type { Order } from './manager-client.ts'
import { lastFault, lastMessage, type RpcRunner } from './rpc-runner.ts'

export interface Outcome {
  readonly state: 'succeeded' | 'failed'
  readonly code: string
  readonly message: string
  readonly exitCode: number
  readonly remedy?: string
  readonly kind?: string
}

/**
 * Carries one activation or deactivation out by running RPC. What RPC needs to know that is secret, or that
 * admits somebody, goes through its environment. Never throws but for the signal's reason.
 */
export const carryOut = async (
  order: Order,
  deps: { readonly rpc: RpcRunner; readonly config: Pick<ManageabilityAgentConfig, 'OUTRIDER_RPS_URL'> },
  signal: AbortSignal,
): Promise<Outcome> => {
  const [words, environment] =
    order.kind === 'deactivate'
      ? [['deactivate', '-u', deps.config.OUTRIDER_RPS_URL], { AMT_PASSWORD: order.actionPassword }]
      : // Both generations of RPC read the profile's name from one of these (reference/rpc.md 2.6, 3).
        [
          ['activate', '-u', deps.config.OUTRIDER_RPS_URL],
          {
            PROFILE: order.profileName,
            RPC_PROFILE: order.profileName,
            ...(order.actionPassword === '' ? {} : { AMT_PASSWORD: order.actionPassword }),
          },
        ]
  const over = new AbortController()
  const span = Math.max(order.deadlineSeconds, 1) * 1000
  const timer = setTimeout(() => over.abort(manageabilityFaults.ORDER_OVERDUE()), span)
  try {
    const deadline = AbortSignal.any([signal, over.signal])
    const result = await deps.rpc.run(words as string[], environment as Record<string, string>, deadline)
    if (result.exitCode === 0) return { state: 'succeeded', code: '', message: '', exitCode: 0 }
    const message = lastMessage(result.stderr)
    const known = lastFault(result.stderr)
    if (known !== undefined) return { state: 'failed', message, exitCode: result.exitCode, ...known }
    return failed(manageabilityFaults.RPC_FAILED({ exitCode: result.exitCode, message }), result.exitCode)
  } catch (error) {
    signal.throwIfAborted()
    return failed(Fault.from(error))
  } finally {
    clearTimeout(timer)
  }
}

/** The outcome a fault is, without a run of RPC where no exit code is given. */
export const failed = ({ code, kind, message, remedy }: Fault, exitCode = -1): Outcome => ({
  state: 'failed',
  code,
  kind,
  message,
  remedy,
  exitCode,
})
