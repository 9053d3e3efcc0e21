import { AsyncResource } from 'node:async_hooks'
import type { Bus, BusTopics, Topic } from '@outrider/domain/ports'

export interface LocalBusDeps {
  /** Told of a handler that threw, which must not; the other handlers still get the message. */
  onError(error: unknown, topic: Topic): void
}

type Handler = (message: BusTopics[Topic]) => void

/**
 * The bus inside one process. Messages are delivered in the order they were published, in a later turn of the
 * event loop: who publishes is never called back from inside `publish`, and handlers that publish in reply
 * cannot starve sockets and timers.
 */
export const createLocalBus = ({ onError }: LocalBusDeps): Bus => {
  const subscribers = new Map<Topic, Set<Handler>>()
  let queue: { readonly topic: Topic; readonly message: BusTopics[Topic] }[] = []

  // Bound to the context of its making: a handler must not inherit, say, the transaction somebody published from.
  const deliver = AsyncResource.bind((): void => {
    const batch = queue
    queue = []
    for (const { topic, message } of batch) {
      for (const handler of [...(subscribers.get(topic) ?? [])]) {
        // An earlier handler of this message may have ended this subscription.
        if (!subscribers.get(topic)?.has(handler)) continue
        try {
          handler(message)
        } catch (error) {
          onError(error, topic)
        }
      }
    }
  })

  return {
    publish: (topic, message) => {
      queue.push({ topic, message })
      if (queue.length === 1) setImmediate(deliver)
    },

    subscribe: (topic, handler) => {
      // A subscription of its own for each call, also of the same function.
      const own: Handler = (message) => handler(message as Parameters<typeof handler>[0])
      const handlers = subscribers.get(topic) ?? new Set<Handler>()
      subscribers.set(topic, handlers.add(own))
      return {
        [Symbol.dispose]: () => {
          handlers.delete(own)
        },
      }
    },

    health: async (signal) => {
      signal.throwIfAborted()
      return 'ok'
    },
  }
}
