import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { Api, Fleet, type OperationView, Orchestrator, SimulatedNode } from '../deployment/index.ts'

const provision = { desiredAmtState: 'AMT_STATE_PROVISIONED' }
const failures = (operations: readonly OperationView[]) =>
  operations.filter(({ life }) => life !== 'succeeded').map(({ id, life, fault }) => ({ id, life, fault }))

describe('many machines at once', () => {
  let folder: string
  let orchestrator: Orchestrator
  let api: Api
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'outrider-sets-'))
    orchestrator = await Orchestrator.prepare(join(folder, 'data'))
    await orchestrator.start()
    api = new Api(orchestrator)
  })
  after(async () => {
    api.close()
    await orchestrator.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  const detected = (hostId: string): Promise<unknown> =>
    orchestrator.log.find({ event: 'agent.reported', host: hostId, support: 'amt' }, 0, 120_000)
  const activate = (hostIds: readonly string[]): Promise<readonly OperationView[]> =>
    Promise.all(hostIds.map(async (hostId) => api.ended(await api.request(hostId, provision))))
  const allConnected = async (hostIds: readonly string[]): Promise<void> => {
    for (const host of await Promise.all(hostIds.map((hostId) => api.host(hostId)))) {
      const { controlMode, presence } = host.outrider
      assert.deepEqual([controlMode, presence.connected], ['client', true], JSON.stringify(host))
    }
  }

  it('five full process sets activate in parallel', async (context) => {
    const nodes = await Promise.all(
      Array.from({ length: 5 }, async (_, index) => {
        const serial = `SET0${index + 1}`
        const uuid = `4c4c4544-0042-4a10-8057-${String(index + 1).padStart(12, '0')}`
        mkdirSync(join(folder, serial))
        const envFile = join(folder, serial, 'node.env')
        const hostId = await api.enrol(serial.toLowerCase(), serial, uuid, envFile)
        return { hostId, node: new SimulatedNode({ serial, uuid, envFile, folder: join(folder, serial, 'machine') }) }
      }),
    )
    try {
      for (const { node } of nodes) node.start()
      await Promise.all(nodes.map(({ hostId }) => detected(hostId)))
      const began = performance.now()
      const operations = await activate(nodes.map(({ hostId }) => hostId))
      context.diagnostic(`5 process sets activated in ${Math.round(performance.now() - began)} ms`)
      assert.deepEqual(failures(operations), [])
      await allConnected(nodes.map(({ hostId }) => hostId))
      for (const { node } of nodes) {
        const { controlMode, counters } = await node.firmware()
        assert.deepEqual([controlMode, counters.setup], [1, 1])
      }
      const pids = nodes.flatMap(({ node }) => Object.values(node.pids))
      assert.equal(new Set(pids).size, 5 * 4, 'each part of each machine is a process of its own')
    } finally {
      await Promise.all(nodes.map(({ node }) => node.stop()))
    }
  })

  it('fifty machines of one fleet process activate in parallel', async (context) => {
    const envFolder = join(folder, 'env')
    mkdirSync(envFolder)
    const fleet = new Fleet({ count: 50, folder: join(folder, 'fleet'), envFolder })
    const hostIds = await Promise.all(
      fleet.serials.map((serial) =>
        api.enrol(serial.toLowerCase(), serial, undefined, join(envFolder, `${serial}.env`)),
      ),
    )
    try {
      fleet.start()
      await Promise.all(hostIds.map(detected))
      const began = performance.now()
      const operations = await activate(hostIds)
      context.diagnostic(`50 machines activated in ${Math.round(performance.now() - began)} ms`)
      assert.deepEqual(failures(operations), [])
      await allConnected(hostIds)
      for (const serial of fleet.serials) {
        const { controlMode, counters } = await fleet.firmware(serial)
        assert.deepEqual([serial, controlMode, counters.setup], [serial, 1, 1])
      }
    } catch (error) {
      throw new Error(`the fleet said:\n${fleet.program.output.slice(-4000)}`, { cause: error })
    } finally {
      await fleet.stop()
    }
  })
})
