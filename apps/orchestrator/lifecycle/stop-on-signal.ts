import type { EventSink } from '@outrider/domain/ports'
import { Fault, type Milliseconds } from '@outrider/protocols/values'

export interface StopOptions {
  readonly stop: () => Promise<void>
  readonly grace: Milliseconds
  readonly events: EventSink
  readonly exit: (code: number) => void
}

/**
 * Stops the process on SIGTERM and SIGINT: exit 0 when everything ended in time, 1 when it did not. A second
 * signal ends it at once. Returns what does the same for another reason.
 */
export const stopOnSignal = ({ stop, grace, events, exit }: StopOptions): ((reason: string, code?: number) => void) => {
  let stopping = false
  const begin = (reason: string, code = 0): void => {
    if (stopping) {
      exit(code === 0 ? 130 : code)
      return
    }
    stopping = true
    events.emit('service.stopping', { reason })
    const timer = setTimeout(() => {
      events.emit('service.error', { where: 'stop', cause: `not everything ended within ${grace / 1000} seconds` })
      exit(1)
    }, grace)
    stop().then(
      () => {
        clearTimeout(timer)
        exit(code)
      },
      (error: unknown) => {
        events.emit('service.error', { where: 'stop', cause: causeOf(error) })
        exit(1)
      },
    )
  }
  process.on('SIGTERM', () => begin('SIGTERM'))
  process.on('SIGINT', () => begin('SIGINT'))
  return begin
}

/** An error for the log, with everything that caused it. */
export const causeOf = (error: unknown): string => {
  const texts: string[] = []
  for (let at: unknown = error; at !== undefined && texts.length < 8; at = at instanceof Error ? at.cause : undefined)
    texts.push(
      at instanceof Fault ? `${at.code}: ${at.message}` : at instanceof Error ? (at.stack ?? at.message) : String(at),
    )
  return texts.join('\ncaused by ')
}
