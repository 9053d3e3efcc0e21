import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { activated, type Deployment, deploy } from './deployment.test.ts'

describe('two projects', () => {
  let deployment: Deployment
  // biome-ignore lint/suspicious/noExplicitAny: a host as it was answered.
  let host: any
  let operation: string
  before(async () => {
    deployment = await deploy()
    host = await activated(deployment)
    const asked = await deployment.operator.ask('PATCH', `${deployment.hosts}/${host.resourceId}`, {
      body: { desiredPowerState: 'POWER_STATE_OFF' },
    })
    operation = asked.headers['outrider-operation']!
  })
  after(() => deployment[Symbol.asyncDispose]())

  const BODIES: Readonly<Record<string, object>> = {
    'PATCH /v1/projects/:project/compute/hosts/:id': { desiredPowerState: 'POWER_STATE_ON' },
    'PUT /v1/projects/:project/compute/hosts/:id': { name: 'stolen' },
    'PATCH /v1/projects/:project/compute/hosts/:id/register': { name: 'stolen' },
  }

  it('see nothing of each other on any route of the table', async () => {
    const stranger = deployment.clientOf(deployment.other, 'admin')
    const marks = [host.resourceId, host.name, host.serialNumber, host.uuid, operation, deployment.project.id]
    let crossed = 0
    for (const { method, path, permission } of deployment.routes) {
      if (permission === 'public') continue
      for (const project of [deployment.project.name, deployment.project.id, deployment.other.name])
        for (const id of path.includes('operations') ? [operation] : [host.resourceId, host.name, host.uuid]) {
          const where = path.replace(':project', project).replace(':id', id)
          const body = BODIES[`${method} ${path}`] ?? {}
          const answer = await stranger.ask(method, where, { body, query: { host: host.resourceId } })
          const said = JSON.stringify(answer)
          if (path.includes(':id')) {
            assert.ok(answer.status >= 400, `${method} ${where} answered ${said}`)
            crossed++
          }
          // What the stranger typed may come back in a message; nothing else may.
          for (const mark of marks)
            assert.ok(mark === id || mark === host.resourceId || !said.includes(mark), `${method} ${where}: ${said}`)
        }
    }
    assert.ok(crossed > 50, `only ${crossed} crossings were tried`)
    const { body: after } = await deployment.operator.ask('GET', `${deployment.hosts}/${host.resourceId}`)
    assert.equal(after.name, host.name)
    assert.equal(after.desiredPowerState, 'POWER_STATE_OFF')
    assert.equal(after.outrider.lastOperation.life, 'queued')
  })

  it('list only their own', async () => {
    const stranger = deployment.clientOf(deployment.other, 'viewer')
    const base = '/v1/projects/other/compute'
    assert.deepEqual((await stranger.ask('GET', `${base}/hosts`)).body.hosts, [])
    assert.equal((await stranger.ask('GET', `${base}/hosts/summary`)).body.total, 0)
    assert.deepEqual((await stranger.ask('GET', `${base}/operations`)).body.operations, [])
    assert.deepEqual((await stranger.ask('GET', '/v1/projects')).body.projects, [
      { id: deployment.other.id, name: 'other' },
    ])
    const admin = deployment.clientOf(deployment.other, 'admin')
    const own = { query: { host: host.resourceId } }
    assert.deepEqual(
      (await admin.ask('GET', `${base}/audit`, own)).body.entries.filter(
        ({ outcome }: { outcome: string }) => outcome !== 'refused',
      ),
      [],
    )
  })

  it('may hold machines of the same name, serial number and UUID, and keys of the same text', async () => {
    const stranger = deployment.clientOf(deployment.other, 'operator')
    const { name, serialNumber, uuid } = host
    const twin = await stranger.ask('POST', '/v1/projects/other/compute/hosts/register', {
      body: { name, serialNumber, uuid, enableVpro: true },
      headers: { 'idempotency-key': 'shared' },
    })
    assert.equal(twin.status, 200)
    const mine = await deployment.operator.ask('PATCH', `${deployment.hosts}/${host.resourceId}`, {
      body: { desiredPowerState: 'POWER_STATE_ON' },
      headers: { 'idempotency-key': 'shared' },
    })
    assert.notEqual(mine.headers['outrider-operation'], twin.headers['outrider-operation'])
    assert.equal(twin.body.desiredAmtState, 'AMT_STATE_PROVISIONED')
  })
})
