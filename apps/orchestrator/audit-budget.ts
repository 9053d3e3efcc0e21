import type { Clock } from '@outrider/domain/ports'
import { type Milliseconds, minutes } from '@outrider/protocols/values'

const MOST = 60
const SPAN: Milliseconds = minutes(1)

/**
 * Says of each entry whether it is still to be recorded: so many in a minute. For what anybody can cause as often as
 * they like; all of it is in the log.
 */
export const auditBudget = (clock: Pick<Clock, 'monotonic'>): (() => boolean) => {
  let began = Number.NEGATIVE_INFINITY
  let left = 0
  return () => {
    const now = clock.monotonic()
    if (now - began >= SPAN) {
      began = now
      left = MOST
    }
    if (left === 0) return false
    left--
    return true
  }
}
