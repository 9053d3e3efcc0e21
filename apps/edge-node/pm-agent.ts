import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { readMachine, tokenPath } from '@outrider/node-agent'
import {
  connectManager,
  manageabilityAgentConfig,
  openOrderJournal,
  runManageabilityAgent,
} from '@outrider/platform-manageability-agent'
import { configFromEnvironment } from './environment.ts'
import { logEvents } from './events.ts'
import { rpcProcess } from './rpc-process.ts'
import { runUntilSignal } from './run-until-signal.ts'
import { systemClock, systemRandom } from './system.ts'

const config = configFromEnvironment('platform-manageability-agent', manageabilityAgentConfig)
const stateDir = config.OUTRIDER_STATE_DIR
const ca = config.OUTRIDER_CA === undefined ? undefined : Buffer.from(config.OUTRIDER_CA, 'base64')
const tokenFile = tokenPath(stateDir, 'platform-manageability-agent')
const events = logEvents('platform-manageability-agent', 'info')

await runUntilSignal('platform-manageability-agent', async (signal) => {
  const machine = await readMachine(config.OUTRIDER_DMI_DIR)
  const manager = connectManager({
    url: config.OUTRIDER_URL,
    ca,
    machine,
    tokenPath: tokenFile,
    token: async () => (await readFile(tokenFile, 'utf8').catch(() => '')).trim() || undefined,
  })
  const rpc = await rpcProcess({
    program: [process.execPath, join(import.meta.dirname, 'rpc.ts')],
    stateDir: join(stateDir, 'platform-manageability-agent'),
    ca,
    events,
  })
  try {
    await runManageabilityAgent(
      {
        config,
        manager,
        rpc,
        journal: openOrderJournal(join(stateDir, 'platform-manageability-agent', 'last-order.json')),
        clock: systemClock,
        random: systemRandom,
        events,
      },
      signal,
    )
  } finally {
    manager.close()
  }
})
