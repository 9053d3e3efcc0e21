import { setTimeout as pause } from 'node:timers/promises'

/**
 * Waits until `holds` gives something other than `undefined` or `false`, looking every few milliseconds. What
 * costs another process a request is better asked less often.
 */
export const until = async <T>(
  holds: () => T | Promise<T>,
  milliseconds = 20_000,
  everyMilliseconds = 5,
): Promise<NonNullable<T>> => {
  const end = performance.now() + milliseconds
  for (;;) {
    const value = await holds()
    if (value !== undefined && value !== null && value !== false) return value as NonNullable<T>
    if (performance.now() > end) throw new Error(`it did not come to hold within ${milliseconds} ms: ${holds}`)
    await pause(everyMilliseconds)
  }
}
