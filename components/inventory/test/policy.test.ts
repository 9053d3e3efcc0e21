import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { policyRequester } from '@outrider/domain/operations'
import { until } from '@outrider/testing/harness'
import { activated, type Deployment, deploy, patience, register } from './deployment.test.ts'

describe('policies of hosts', () => {
  let deployment: Deployment
  before(async () => {
    deployment = await deploy()
  })
  after(() => deployment[Symbol.asyncDispose]())

  const patch = (id: string, body: object, client = deployment.operator) =>
    client.ask('PATCH', `${deployment.hosts}/${id}`, { body })
  const hostOf = async (id: string) => (await deployment.operator.ask('GET', `${deployment.hosts}/${id}`)).body
  const row = (id: string) => deployment.inventory.host(deployment.project.id, { id }, patience())

  it('are written and shown, are on the audit, and are told over the bus', async () => {
    const { resourceId: id } = await register(deployment)
    assert.equal((await hostOf(id)).outrider.policy, 'follow')
    const told: unknown[] = []
    using _ = deployment.bus.subscribe('host.changed', ({ policy }) => told.push(policy))
    const written = await patch(id, { outrider: { policy: 'keep-on' } })
    assert.equal(written.body.outrider.policy, 'keep-on')
    assert.equal(written.headers['outrider-operation'], undefined)
    await until(async () => told.at(-1) === 'keep-on')
    const audit = await deployment.operator.ask('GET', '/v1/projects/default/compute/audit', { query: { host: id } })
    assert.equal(audit.body.entries[0].act, 'set-policy-keep-on')
    const wrong = await patch(id, { outrider: { policy: 'always' } })
    assert.equal(wrong.status, 400)
    const kept = await deployment.inventory.hosts(
      deployment.project.id,
      { where: { policy: 'keep-on' }, limit: 10 },
      patience(),
    )
    assert.deepEqual(
      kept.items.map((host) => host.id),
      [id],
    )
  })

  it('are an operator’s to write', async () => {
    const host = await activated(deployment)
    const power = deployment.clientOf(deployment.project, 'power-operator')
    assert.equal((await patch(host.resourceId, { outrider: { policy: 'keep-on' } }, power)).status, 403)
    assert.equal((await patch(host.resourceId, { outrider: { powerAction: 'soft-off' } }, power)).status, 200)
  })

  it('begin anew when they are written again, or when somebody asks for an act', async () => {
    const host = await activated(deployment)
    const id = host.resourceId
    await patch(id, { outrider: { policy: 'keep-on' } })
    const gaveUp = () =>
      deployment.inventory.changeHost(
        deployment.project.id,
        id,
        () => ({
          conditions: [
            {
              type: 'policy-gave-up',
              since: 1,
              fault: { kind: 'conflict', code: 'POLICY_GAVE_UP', message: 'Six times.', remedy: 'Look.' },
            },
          ],
        }),
        patience(),
      )
    await gaveUp()
    const shown = await hostOf(id)
    assert.equal(shown.hostStatusIndicator, 'STATUS_INDICATION_ERROR')
    assert.equal(shown.outrider.conditions[0].code, 'POLICY_GAVE_UP')
    const before = (await row(id))!.policySince!
    deployment.clock.ahead(1000)
    await patch(id, { outrider: { policy: 'keep-on' } })
    assert.ok((await row(id))!.policySince! > before)
    assert.deepEqual((await row(id))!.conditions, [])
    await gaveUp()
    await patch(id, { desiredPowerState: 'POWER_STATE_ON' })
    assert.deepEqual((await row(id))!.conditions, [])
  })

  it('ask for acts in their own name: judged, recorded, and once for a key', async () => {
    const host = await activated(deployment)
    const { inventory, project } = deployment
    const request = (key: string, kind: 'power-on' | 'activate') =>
      inventory.request(
        project.id,
        host.resourceId,
        { kind, requester: policyRequester('keep-on'), idempotencyKey: key },
        patience(),
      )
    const first = await request('policy 1', 'power-on')
    assert.deepEqual([first.life, first.requester.name], ['queued', 'policy keep-on'])
    assert.equal((await request('policy 1', 'power-on')).id, first.id)
    const refused = await request('policy 2', 'activate')
    assert.deepEqual([refused.life, refused.fault?.code], ['refused', 'AMT_ALREADY_ACTIVATED'])
    const audit = await deployment.operator.ask('GET', '/v1/projects/default/compute/audit', {
      query: { host: host.resourceId },
    })
    assert.deepEqual(
      audit.body.entries.slice(0, 2).map(({ act, name, outcome }: Record<string, string>) => [act, name, outcome]),
      [
        ['activate', 'policy keep-on', 'refused'],
        ['power-on', 'policy keep-on', 'requested'],
      ],
    )
  })
})
