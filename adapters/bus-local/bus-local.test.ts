import { busSuite, presenceSuite } from '@outrider/testing/ports'
import { createLocalBus, createLocalPresence } from './index.ts'

const open = () => {
  const errors: unknown[] = []
  return { bus: createLocalBus({ onError: (error) => errors.push(error) }), errors, close: async () => undefined }
}

busSuite('bus-local', async () => open())

presenceSuite('bus-local', async () => {
  const { bus, close } = open()
  return { bus, presence: createLocalPresence({ bus }), close }
})
