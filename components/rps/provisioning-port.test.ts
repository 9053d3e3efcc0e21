import { after, before, describe } from 'node:test'
import { createLocalBus } from '@outrider/bus-local'
import type { Database } from '@outrider/database'
import { memorySecrets, realClock, realRandom, temporaryDatabase } from '@outrider/testing/harness'
import { provisioningSuite } from '@outrider/testing/ports'
import { createTickets } from './tickets.ts'

describe('RPS as a port', () => {
  let database: Database
  before(async () => {
    database = await temporaryDatabase(realClock)
  })
  after(() => database.close())

  provisioningSuite('rps', async () =>
    createTickets({
      store: database.provisioning,
      secrets: memorySecrets(),
      registry: { register: async () => {}, forget: async () => {}, credentialsChanged: async () => {} },
      bus: createLocalBus({ onError: () => {} }),
      clock: realClock,
      random: realRandom,
      config: {
        openMode: false,
        ciraAddress: 'localhost',
        ciraPort: 4433,
        answerSeconds: 20,
        sessionSeconds: 600,
        firstMessageSeconds: 15,
      },
    }),
  )
})
