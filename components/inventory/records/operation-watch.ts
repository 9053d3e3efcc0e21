import { type Operation, terminal } from '@outrider/domain/operations'
import type { Bus, Clock } from '@outrider/domain/ports'
import type { Milliseconds } from '@outrider/protocols/values'

// The bus may lose a message: whoever waits looks by itself this often.
const LOOK_EVERY: Milliseconds = 5000

/** Lets requests wait until an operation changes. */
export const operationWatch = (bus: Bus, clock: Clock) => {
  const waiters = new Map<string, Set<() => void>>()
  const subscription = bus.subscribe('operation.changed', ({ operationId }) => {
    for (const wake of waiters.get(operationId) ?? []) wake()
  })

  const wakeOn = (id: string, wake: () => void): Disposable => {
    const set = waiters.get(id) ?? new Set()
    waiters.set(id, set.add(wake))
    return {
      [Symbol.dispose]: () => {
        set.delete(wake)
        if (set.size === 0 && waiters.get(id) === set) waiters.delete(id)
      },
    }
  }

  /**
   * The operation as soon as its revision is not `revision`, or it ended, or `span` is over; `undefined` where
   * there is none. Throws the signal's reason when it aborts first.
   */
  const changed = async (
    id: string,
    revision: number | undefined,
    span: Milliseconds,
    read: () => Promise<Operation | undefined>,
    signal: AbortSignal,
  ): Promise<Operation | undefined> => {
    const until = clock.monotonic() + span
    let bell = Promise.withResolvers<void>()
    using _ = wakeOn(id, () => bell.resolve())
    for (;;) {
      const operation = await read()
      const left = until - clock.monotonic()
      if (operation === undefined || left <= 0 || terminal.has(operation.life)) return operation
      if (revision === undefined || operation.revision !== revision) return operation
      const nap = new AbortController()
      const ends = AbortSignal.any([signal, nap.signal])
      const slept = clock.sleep(Math.min(left, LOOK_EVERY), ends)
      // The nap is ended by us when the bell rings first: that rejection is expected.
      await Promise.race([bell.promise, slept]).finally(() => {
        nap.abort()
        slept.catch(() => undefined)
      })
      bell = Promise.withResolvers<void>()
    }
  }

  return { changed, stop: () => subscription[Symbol.dispose]() }
}
export type OperationWatch = ReturnType<typeof operationWatch>
