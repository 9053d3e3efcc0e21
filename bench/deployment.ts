import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Api, Orchestrator } from '../testing/deployment/index.ts'

export interface Deployment {
  readonly folder: string
  readonly orchestrator: Orchestrator
  readonly api: Api
}

/** Runs `work` with an orchestrator of its own in a new folder; both are gone afterwards. */
export const withOrchestrator = async <T>(
  work: (deployment: Deployment) => Promise<T>,
  environment: Readonly<Record<string, string>> = {},
): Promise<T> => {
  const folder = await mkdtemp(join(tmpdir(), 'outrider-bench-'))
  const orchestrator = await Orchestrator.prepare(join(folder, 'data'), environment)
  try {
    await orchestrator.start()
    const api = new Api(orchestrator)
    try {
      return await work({ folder, orchestrator, api })
    } finally {
      api.close()
    }
  } finally {
    await orchestrator.stop()
    await rm(folder, { recursive: true, force: true })
  }
}
