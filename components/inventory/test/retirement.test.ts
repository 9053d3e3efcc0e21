import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { faultTable } from '@outrider/protocols/values'
import { until } from '@outrider/testing/harness'
import { activated, carryOut, type Deployment, deploy, patience, register } from './deployment.test.ts'

const agent = faultTable({ AGENT_GONE: { kind: 'unavailable', message: 'No agent.', remedy: 'Start it.' } })

describe('letting hosts go', () => {
  let deployment: Deployment
  before(async () => {
    deployment = await deploy()
  })
  after(() => deployment[Symbol.asyncDispose]())

  const ask = (method: string, path: string, more = {}) => deployment.operator.ask(method, path, more)
  const pathOf = (host: { resourceId: string }) => `${deployment.hosts}/${host.resourceId}`
  const hostOf = async (host: { resourceId: string }) => (await ask('GET', pathOf(host))).body
  const operation = async (id: string) => (await ask('GET', `${deployment.operations}/${id}`)).body
  const auditOf = async (host: { resourceId: string }) =>
    (await ask('GET', '/v1/projects/default/compute/audit', { query: { host: host.resourceId } })).body.entries
  const enrolled = async (host: { resourceId: string; serialNumber: string; uuid: string }) => {
    const { body } = await ask('POST', `${pathOf(host)}/agent-env`)
    const token = body.environment.OUTRIDER_ENROLMENT_TOKEN
    const machine = { token, serial: host.serialNumber, uuid: host.uuid }
    assert.equal((await ask('POST', '/v1/enrolment', { body: machine })).status, 200)
  }

  it('deletes an activated host once its machine is deactivated, and keeps its agent until then', async () => {
    const host = await activated(deployment)
    await enrolled(host)
    const power = await ask('PATCH', pathOf(host), { body: { desiredPowerState: 'POWER_STATE_OFF' } })
    const asked = await ask('DELETE', pathOf(host))
    assert.equal(asked.status, 200)
    const id = asked.headers['outrider-operation']!
    const { kind, life, requester } = await operation(id)
    assert.deepEqual([kind, life, requester.name], ['deactivate', 'queued', 'operator@default'])
    assert.equal((await operation(power.headers['outrider-operation']!)).life, 'cancelled')
    const shown = await hostOf(host)
    assert.deepEqual(
      [shown.hostStatus, shown.hostStatusIndicator, shown.desiredState, shown.currentState],
      ['Deleting', 'STATUS_INDICATION_IN_PROGRESS', 'HOST_STATE_DELETED', 'HOST_STATE_ONBOARDED'],
    )
    assert.equal(shown.outrider.conditions[0].code, 'HOST_RETIRING')
    assert.match(shown.outrider.conditions[0].remedy, new RegExp(id))
    assert.equal(deployment.live.has(host.resourceId), true)

    const refused = await ask('PATCH', pathOf(host), { body: { desiredPowerState: 'POWER_STATE_ON' } })
    assert.equal(refused.body.details[0].code, 'HOST_RETIRING')
    assert.equal((await ask('POST', `${pathOf(host)}/agent-env`)).body.code, 'HOST_RETIRING')
    assert.equal((await ask('DELETE', pathOf(host))).headers['outrider-operation'], id, 'it is asked for once')

    await carryOut(deployment, id)
    await until(async () => (await ask('GET', pathOf(host))).status === 404)
    assert.equal(deployment.live.has(host.resourceId), false)
    const entries = await auditOf(host)
    assert.deepEqual(
      entries.slice(0, 2).map(({ act, outcome, name }: Record<string, string>) => [act, outcome, name]),
      [
        ['delete-host', 'succeeded', 'operator@default'],
        ['deactivate', 'succeeded', 'operator@default'],
      ],
    )
  })

  it('deauthorises one the same way, and keeps its record', async () => {
    const host = await activated(deployment)
    await enrolled(host)
    const asked = await ask('PUT', `${pathOf(host)}/invalidate`, { query: { note: 'sold' } })
    assert.equal((await hostOf(host)).hostStatus, 'Deauthorising')
    await carryOut(deployment, asked.headers['outrider-operation']!)
    await until(async () => !deployment.live.has(host.resourceId))
    const shown = await hostOf(host)
    assert.deepEqual(
      [shown.currentState, shown.hostStatus, shown.outrider.conditions],
      ['HOST_STATE_UNTRUSTED', 'Invalidated: sold', []],
    )
    assert.equal((await ask('DELETE', pathOf(host))).headers['outrider-operation'], undefined)
    assert.equal((await ask('GET', pathOf(host))).status, 404)
  })

  it('keeps a host whose machine could not be deactivated, and says so until it is asked again', async () => {
    const host = await activated(deployment)
    await enrolled(host)
    const first = await ask('DELETE', pathOf(host))
    await carryOut(deployment, first.headers['outrider-operation']!, 'failed', agent.AGENT_GONE().record())
    const kept = await hostOf(host)
    assert.deepEqual(
      [kept.hostStatusIndicator, kept.currentState, kept.currentAmtState],
      ['STATUS_INDICATION_ERROR', 'HOST_STATE_ONBOARDED', 'AMT_STATE_PROVISIONED'],
    )
    assert.match(kept.hostStatus, /^HOST_NOT_RETIRED: .*AGENT_GONE/)
    assert.match(kept.outrider.conditions[0].remedy, /--force.*CMOS/)
    assert.equal(deployment.live.has(host.resourceId), true)
    const listed = await ask('GET', deployment.hosts, {
      query: { filter: 'hostStatusIndicator=STATUS_INDICATION_ERROR' },
    })
    assert.ok(listed.body.hosts.some(({ resourceId }: { resourceId: string }) => resourceId === host.resourceId))

    const again = await ask('DELETE', pathOf(host))
    assert.notEqual(again.headers['outrider-operation'], first.headers['outrider-operation'])
    assert.equal((await hostOf(host)).hostStatus, 'Deleting')
    await carryOut(deployment, again.headers['outrider-operation']!)
    await until(async () => (await ask('GET', pathOf(host))).status === 404)
  })

  it('lets a deactivation that was cancelled take the deletion with it', async () => {
    const host = await activated(deployment)
    const asked = await ask('DELETE', pathOf(host))
    await ask('POST', `${deployment.operations}/${asked.headers['outrider-operation']}/cancel`)
    const kept = await hostOf(host)
    assert.deepEqual([kept.outrider.conditions, kept.desiredState], [[], 'HOST_STATE_REGISTERED'])
    assert.equal((await ask('PATCH', pathOf(host), { body: { desiredPowerState: 'POWER_STATE_ON' } })).status, 200)
  })

  it('waits for the deactivation that is under way, and behind whatever else is', async () => {
    const host = await activated(deployment)
    const undo = await ask('PATCH', pathOf(host), { body: { desiredAmtState: 'AMT_STATE_UNPROVISIONED' } })
    const id = undo.headers['outrider-operation']!
    assert.equal((await ask('DELETE', pathOf(host))).headers['outrider-operation'], id)
    await carryOut(deployment, id)
    await until(async () => (await ask('GET', pathOf(host))).status === 404)

    const busy = await register(deployment)
    const activation = await ask('PATCH', pathOf(busy), { body: { desiredAmtState: 'AMT_STATE_PROVISIONED' } })
    const running = activation.headers['outrider-operation']!
    const { inventory, project } = deployment
    await inventory.advanceOperation(project.id, running, 1, { life: 'running', attempt: 1 }, undefined, patience())
    const behind = await ask('DELETE', pathOf(busy))
    assert.equal((await operation(running)).life, 'running')
    await inventory.advanceOperation(project.id, running, 1, { life: 'succeeded' }, undefined, patience())
    await carryOut(deployment, behind.headers['outrider-operation']!)
    await until(async () => (await ask('GET', pathOf(busy))).status === 404)
  })

  it('gives a machine up at once where an administrator says so, whatever is under way on it', async () => {
    const host = await activated(deployment)
    const asked = await ask('DELETE', pathOf(host))
    const id = asked.headers['outrider-operation']!
    const { inventory, project } = deployment
    await inventory.advanceOperation(project.id, id, 1, { life: 'running', attempt: 1 }, undefined, patience())
    const admin = deployment.clientOf(deployment.project, 'admin')
    assert.equal((await admin.ask('DELETE', pathOf(host), { query: { force: 'true' } })).status, 200)
    assert.equal((await ask('GET', pathOf(host))).status, 404)
    // Whoever drives it finds no host any more.
    const ended = await inventory.advanceOperation(project.id, id, 1, { life: 'failed' }, undefined, patience())
    assert.equal(typeof ended === 'string' ? ended : ended.life, 'failed')
    const [last] = (await auditOf(host)).filter(({ act }: { act: string }) => act.includes('delete'))
    assert.deepEqual([last.act, last.name], ['force-delete-host', 'admin@default'])
  })

  it('goes on after a crash between the deactivation and the end of the credentials', async () => {
    const host = await activated(deployment)
    await enrolled(host)
    const asked = await ask('PUT', `${pathOf(host)}/invalidate`)
    const { inventory, project } = deployment
    // As if the process had died right behind the commit.
    await deployment.stop()
    await carryOut(deployment, asked.headers['outrider-operation']!)
    assert.equal((await hostOf(host)).currentState, 'HOST_STATE_UNTRUSTED')
    await using next = await deployment.again()
    await next.start(patience())
    assert.equal(deployment.live.has(host.resourceId), false)
    assert.equal((await inventory.host(project.id, { id: host.resourceId }, patience()))?.state, 'untrusted')
  })
})
