import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { Api, type HostView, Orchestrator } from '../deployment/index.ts'

describe('an orchestrator that is started again', () => {
  let folder: string
  let orchestrator: Orchestrator
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'outrider-restart-'))
    orchestrator = await Orchestrator.prepare(join(folder, 'data'))
  })
  after(async () => {
    await orchestrator.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  it('has the same CA, password, accounts and hosts, after a stop and after a kill', async (context) => {
    const first = await orchestrator.start()
    const ca = readFileSync(orchestrator.caFile, 'utf8')
    const password = readFileSync(orchestrator.passwordFile, 'utf8')
    for (const file of ['admin-password', 'secrets', 'secrets.key', 'outrider.db'])
      assert.equal(statSync(join(orchestrator.folder, file)).mode & 0o777, 0o600, file)
    const before = new Api(orchestrator)
    const token = await before.token()
    const body = { name: 'kept', serialNumber: 'KEPT001' }
    const { resourceId } = await before.json<HostView>('POST', `${before.compute}/hosts/register`, { body })
    before.close()

    const same = async (): Promise<void> => {
      assert.equal(readFileSync(orchestrator.caFile, 'utf8'), ca)
      assert.equal(readFileSync(orchestrator.passwordFile, 'utf8'), password)
      const api = new Api(orchestrator)
      try {
        assert.equal((await api.host('kept')).resourceId, resourceId)
        const { status } = await api.ask('GET', `${api.compute}/hosts/${resourceId}`, { token })
        assert.equal(status, 200, 'a token of before is good')
      } finally {
        api.close()
      }
    }
    assert.equal(await orchestrator.stop(), 0)
    const second = await orchestrator.start()
    const resident = orchestrator.residentBytes / 2 ** 20
    await same()
    const third = await orchestrator.kill()
    await same()
    context.diagnostic(`ready after ${Math.round(first)} ms at first, ${Math.round(second)} ms the second time`)
    context.diagnostic(
      `${Math.round(third)} ms from a kill -9; ${resident.toFixed(0)} MiB resident on the second start`,
    )
  })
})
