import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { faultTable, guid } from '@outrider/protocols/values'
import { activated, carryOut, type Deployment, deploy, patience, register } from './deployment.test.ts'

const device = faultTable({
  DEVICE_NOT_CONNECTED: { kind: 'unavailable', message: 'No tunnel.', remedy: 'Wait.' },
  AMT_REFUSED: { kind: 'device', message: 'The firmware said NOT_READY.', remedy: 'Power it on.' },
})

describe('operations', () => {
  let deployment: Deployment
  before(async () => {
    deployment = await deploy()
  })
  after(() => deployment[Symbol.asyncDispose]())

  const patch = (id: string, body: object, headers: Record<string, string> = {}, client = deployment.operator) =>
    client.ask('PATCH', `${deployment.hosts}/${id}`, { body, headers })
  const hostOf = async (id: string) => (await deployment.operator.ask('GET', `${deployment.hosts}/${id}`)).body
  const operation = async (id: string) => (await deployment.operator.ask('GET', `${deployment.operations}/${id}`)).body
  const operationsOf = async (host: string) =>
    (await deployment.operator.ask('GET', deployment.operations, { query: { host } })).body.operations

  it('keeps the legacy fields true from request to end of an activation', async () => {
    const host = await register(deployment)
    const asked = await patch(host.resourceId, {
      desiredAmtState: 'AMT_STATE_PROVISIONED',
      amtControlMode: 'AMT_CONTROL_MODE_CCM',
    })
    assert.equal(asked.status, 200)
    assert.equal(asked.body.desiredAmtState, 'AMT_STATE_PROVISIONED')
    assert.equal(asked.body.currentAmtState, 'AMT_STATE_UNSPECIFIED')
    assert.equal(asked.body.amtStatus, 'AMT Activation In Progress')
    assert.equal(asked.body.amtStatusIndicator, 'STATUS_INDICATION_IN_PROGRESS')
    assert.equal(asked.body.powerStatusIndicator, 'STATUS_INDICATION_UNSPECIFIED')
    const id = asked.headers['outrider-operation']!
    assert.match(id, /^op-[0-9a-z]{20}$/)
    const queued = await operation(id)
    assert.equal(queued.life, 'queued')
    assert.equal(queued.kind, 'activate')
    assert.equal(queued.controlMode, 'client')
    assert.equal(queued.requester.name, 'operator@default')

    await carryOut(deployment, id)
    const done = await hostOf(host.resourceId)
    assert.equal(done.currentAmtState, 'AMT_STATE_PROVISIONED')
    assert.equal(done.amtStatus, 'AMT Activation Done')
    assert.equal(done.amtStatusIndicator, 'STATUS_INDICATION_IDLE')
    assert.deepEqual(
      { id: done.outrider.lastOperation.id, life: done.outrider.lastOperation.life },
      { id, life: 'succeeded' },
    )
  })

  const POWER = [
    ['ON', 'power-on', 'Powering on', 'Powered on', 'on'],
    ['OFF', 'power-off', 'Powering off', 'Powered off', 'off'],
    ['SLEEP', 'sleep', 'Sleeping', 'Sleep state', 'sleep'],
    ['HIBERNATE', 'hibernate', 'Hibernating', 'Hibernate state', 'hibernate'],
    ['RESET', 'reset', 'Resetting', 'Reset successful', 'on'],
    ['POWER_CYCLE', 'power-cycle', 'Power cycling', 'Power cycle successful', 'on'],
  ] as const
  for (const [state, kind, running, done, plain] of POWER)
    it(`keeps the legacy fields true through ${kind}`, async () => {
      const host = await activated(deployment)
      const asked = await patch(host.resourceId, { name: host.name, desiredPowerState: `POWER_STATE_${state}` })
      assert.equal(asked.body.powerStatus, running)
      assert.equal(asked.body.powerStatusIndicator, 'STATUS_INDICATION_IN_PROGRESS')
      const id = asked.headers['outrider-operation']!
      assert.equal((await operation(id)).kind, kind)
      await carryOut(deployment, id)
      const ended = await hostOf(host.resourceId)
      assert.equal(ended.desiredPowerState, `POWER_STATE_${state}`)
      assert.equal(ended.currentPowerState, `POWER_STATE_${state}`)
      assert.equal(ended.powerStatus, done)
      assert.equal(ended.powerStatusIndicator, 'STATUS_INDICATION_IDLE')
      assert.equal(ended.outrider.power, plain)
    })

  for (const [action, state, running, done] of [
    ['soft-off', 'OFF', 'Powering off', 'Powered off'],
    ['soft-reset', 'RESET', 'Resetting', 'Reset successful'],
  ] as const)
    it(`keeps the legacy fields true through ${action}, which no desired state stands for`, async () => {
      const host = await activated(deployment)
      const asked = await patch(host.resourceId, { outrider: { powerAction: action, power: 'on' } })
      assert.equal(asked.body.powerStatus, running)
      const id = asked.headers['outrider-operation']!
      assert.equal((await operation(id)).kind, action)
      await carryOut(deployment, id)
      const ended = await hostOf(host.resourceId)
      assert.equal(ended.desiredPowerState, `POWER_STATE_${state}`)
      assert.equal(ended.currentPowerState, `POWER_STATE_${state}`)
      assert.equal(ended.powerStatus, done)
      const both = await patch(host.resourceId, {
        desiredPowerState: 'POWER_STATE_ON',
        outrider: { powerAction: action },
      })
      assert.equal(both.body.details[0].code, 'HOST_FIELD_INVALID')
    })

  it('flips RESET and RESET_REPEAT, and makes each write of either one operation', async () => {
    const host = await activated(deployment)
    const seen: string[] = []
    for (const state of ['RESET', 'RESET', 'RESET_REPEAT', 'RESET']) {
      const asked = await patch(host.resourceId, { desiredPowerState: `POWER_STATE_${state}` })
      seen.push(asked.body.desiredPowerState)
      const id = asked.headers['outrider-operation']!
      assert.equal((await operation(id)).kind, 'reset')
      await carryOut(deployment, id)
      const ended = await hostOf(host.resourceId)
      assert.equal(ended.currentPowerState, ended.desiredPowerState)
    }
    assert.deepEqual(seen, [
      'POWER_STATE_RESET',
      'POWER_STATE_RESET_REPEAT',
      'POWER_STATE_RESET',
      'POWER_STATE_RESET_REPEAT',
    ])
  })

  it('tells resets that wait behind each other apart', async () => {
    const host = await activated(deployment)
    const ids: string[] = []
    for (let i = 0; i < 3; i++)
      ids.push(
        (await patch(host.resourceId, { desiredPowerState: 'POWER_STATE_RESET' })).headers['outrider-operation']!,
      )
    const currents: string[] = []
    for (const id of ids) {
      await carryOut(deployment, id)
      currents.push((await hostOf(host.resourceId)).currentPowerState)
    }
    assert.deepEqual(currents, ['POWER_STATE_RESET', 'POWER_STATE_RESET_REPEAT', 'POWER_STATE_RESET'])
    assert.equal((await hostOf(host.resourceId)).desiredPowerState, 'POWER_STATE_RESET')
  })

  it('says what failed in the words existing clients know, and leaves the wish as it was', async () => {
    const host = await activated(deployment)
    const asked = await patch(host.resourceId, { desiredPowerState: 'POWER_STATE_OFF' })
    await carryOut(deployment, asked.headers['outrider-operation']!, 'failed', device.DEVICE_NOT_CONNECTED().record())
    const failed = await hostOf(host.resourceId)
    assert.equal(failed.powerStatus, 'Device not found/connected')
    assert.equal(failed.powerStatusIndicator, 'STATUS_INDICATION_ERROR')
    assert.equal(failed.desiredPowerState, 'POWER_STATE_OFF')
    assert.equal(failed.outrider.lastOperation.code, 'DEVICE_NOT_CONNECTED')
    const again = await patch(host.resourceId, { desiredPowerState: 'POWER_STATE_OFF' })
    await carryOut(deployment, again.headers['outrider-operation']!, 'failed', device.AMT_REFUSED().record())
    assert.equal((await hostOf(host.resourceId)).powerStatus, 'The firmware said NOT_READY.')
  })

  it('lets a deactivation end what an activation began, also one that failed half way', async () => {
    const host = await register(deployment)
    const detected = (controlMode: 'none' | 'client', at: number) =>
      deployment.inventory.changeHost(
        deployment.project.id,
        host.resourceId,
        () => ({ detection: { support: 'amt', reason: 'AMT_READY', message: 'Ready.', controlMode, at } }),
        patience(),
      )
    await detected('none', 0)
    const asked = await patch(host.resourceId, { desiredAmtState: 'AMT_STATE_PROVISIONED' })
    await carryOut(deployment, asked.headers['outrider-operation']!, 'failed', device.AMT_REFUSED().record())
    assert.equal((await hostOf(host.resourceId)).amtStatus, 'AMT Activation Failed')
    assert.equal((await hostOf(host.resourceId)).outrider.conditions[0].code, 'HOST_IN_LIMBO')
    const undo = await patch(host.resourceId, { desiredAmtState: 'AMT_STATE_UNPROVISIONED' })
    assert.equal(undo.status, 200)
    await carryOut(deployment, undo.headers['outrider-operation']!)
    const ended = await hostOf(host.resourceId)
    assert.equal(ended.currentAmtState, 'AMT_STATE_UNPROVISIONED')
    assert.equal(ended.amtStatus, 'AMT deactivated')
    assert.equal(ended.powerStatus, '')
    assert.equal((await deployment.operator.ask('DELETE', `${deployment.hosts}/${host.resourceId}`)).status, 200)
  })

  describe('refused at request', () => {
    const refusedWith = async (id: string, body: object, code: string, kind: string) => {
      const before = await hostOf(id)
      const { status, body: answer, headers } = await patch(id, body)
      assert.equal(status, 409)
      assert.equal(answer.code, 'FailedPrecondition')
      const { '@type': _, ...fault } = answer.details[0]
      assert.equal(fault.code, code)
      assert.ok(fault.remedy.length > 0)
      const recorded = await operation(headers['outrider-operation']!)
      assert.equal(recorded.life, 'refused')
      assert.equal(recorded.kind, kind)
      assert.deepEqual(recorded.fault, fault)
      const { outrider: _a, ...fieldsBefore } = before
      const { outrider: _b, ...fieldsAfter } = await hostOf(id)
      assert.deepEqual(fieldsAfter, fieldsBefore, 'nothing of the host was written')
    }

    it('power before activation', async () => {
      const host = await register(deployment)
      for (const state of ['ON', 'OFF', 'RESET', 'RESET_REPEAT', 'POWER_CYCLE'])
        await refusedWith(
          host.resourceId,
          { desiredPowerState: `POWER_STATE_${state}`, amtDnsSuffix: 'not.written' },
          'AMT_NOT_ACTIVATED',
          { ON: 'power-on', OFF: 'power-off', POWER_CYCLE: 'power-cycle' }[state] ?? 'reset',
        )
    })

    it('power while a deactivation is under way, but not while an activation is', async () => {
      const host = await activated(deployment)
      await patch(host.resourceId, { desiredAmtState: 'AMT_STATE_UNPROVISIONED' })
      const gone = await patch(host.resourceId, { desiredPowerState: 'POWER_STATE_OFF' })
      assert.equal(gone.body.details[0].code, 'AMT_NOT_ACTIVATED')
      const fresh = await register(deployment)
      const both = await patch(fresh.resourceId, {
        desiredAmtState: 'AMT_STATE_PROVISIONED',
        desiredPowerState: 'POWER_STATE_RESET',
      })
      assert.equal(both.status, 200)
      const [first, second] = both.headers['outrider-operation']!.split(', ')
      assert.equal((await operation(first!)).kind, 'activate')
      assert.equal((await operation(second!)).kind, 'reset')
      assert.ok((await operation(second!)).deadline > (await operation(first!)).deadline)
    })

    it('deactivation of what was never activated', async () => {
      const host = await register(deployment)
      await refusedWith(
        host.resourceId,
        { desiredAmtState: 'AMT_STATE_UNPROVISIONED' },
        'AMT_NOT_ACTIVATED',
        'deactivate',
      )
    })

    it('activation of what is activated, and a change of its control mode in place', async () => {
      const host = await activated(deployment)
      await refusedWith(
        host.resourceId,
        { desiredAmtState: 'AMT_STATE_PROVISIONED' },
        'AMT_ALREADY_ACTIVATED',
        'activate',
      )
      const alone = await patch(host.resourceId, { amtControlMode: 'AMT_CONTROL_MODE_ACM' })
      assert.equal(alone.status, 409)
      assert.equal(alone.body.details[0].code, 'CONTROL_MODE_FIXED')
      assert.match(alone.body.details[0].remedy, /--control-mode admin --amt-state provisioned/)
      assert.equal(alone.headers['outrider-operation'], undefined, 'no act was asked for')
      assert.equal((await patch(host.resourceId, { amtControlMode: 'AMT_CONTROL_MODE_CCM' })).status, 200)
    })

    it('the way back from admin control mode, but not the way to it', async () => {
      const host = await activated(deployment)
      const upgrade = await patch(host.resourceId, {
        desiredAmtState: 'AMT_STATE_PROVISIONED',
        amtControlMode: 'AMT_CONTROL_MODE_ACM',
      })
      assert.equal(upgrade.status, 200)
      const id = upgrade.headers['outrider-operation']!
      const { kind, controlMode } = await operation(id)
      assert.deepEqual([kind, controlMode], ['activate', 'admin'])
      await deployment.inventory.changeHost(
        deployment.project.id,
        host.resourceId,
        () => ({ detection: { support: 'amt', reason: 'AMT_READY', message: '', controlMode: 'admin', at: 0 } }),
        patience(),
      )
      await carryOut(deployment, id)
      assert.equal((await hostOf(host.resourceId)).amtControlMode, 'AMT_CONTROL_MODE_ACM')
      await refusedWith(
        host.resourceId,
        { desiredAmtState: 'AMT_STATE_PROVISIONED', amtControlMode: 'AMT_CONTROL_MODE_CCM' },
        'CONTROL_MODE_FIXED',
        'activate',
      )
      const alone = await patch(host.resourceId, { amtControlMode: 'AMT_CONTROL_MODE_CCM' })
      assert.match(alone.body.details[0].remedy, /^Deactivate it /)
      await refusedWith(
        host.resourceId,
        { desiredAmtState: 'AMT_STATE_PROVISIONED' },
        'AMT_ALREADY_ACTIVATED',
        'activate',
      )
    })

    it('a machine that detection found unsupported', async () => {
      const host = await register(deployment)
      await deployment.inventory.changeHost(
        deployment.project.id,
        host.resourceId,
        () => ({ detection: { support: 'unsupported', reason: 'CONSUMER_SKU', message: 'No vPro.', at: 0 } }),
        patience(),
      )
      await refusedWith(host.resourceId, { desiredAmtState: 'AMT_STATE_PROVISIONED' }, 'AMT_UNSUPPORTED', 'activate')
      await refusedWith(host.resourceId, { desiredPowerState: 'POWER_STATE_ON' }, 'AMT_UNSUPPORTED', 'power-on')
    })

    it('more than a host may have pending', async () => {
      await using own = await deploy({ pendingPerHost: 3 })
      const host = await activated(own)
      const replies = []
      for (let i = 0; i < 4; i++)
        replies.push(
          await own.operator.ask('PATCH', `${own.hosts}/${host.resourceId}`, {
            body: { desiredPowerState: 'POWER_STATE_RESET' },
          }),
        )
      assert.deepEqual(
        replies.map(({ status }) => status),
        [200, 200, 200, 409],
      )
      assert.equal(replies[3]!.body.details[0].code, 'OPERATION_QUEUE_FULL')
    })
  })

  it('answers the same operation to the same idempotency key, whatever has happened since', async () => {
    const host = await activated(deployment)
    const body = { desiredPowerState: 'POWER_STATE_RESET' }
    const key = { 'idempotency-key': 'k-1' }
    const first = await patch(host.resourceId, body, key)
    const again = await patch(host.resourceId, body, key)
    assert.equal(again.headers['outrider-operation'], first.headers['outrider-operation'])
    assert.equal(again.body.desiredPowerState, first.body.desiredPowerState)
    await carryOut(deployment, first.headers['outrider-operation']!)
    const late = await patch(host.resourceId, body, key)
    assert.equal(late.headers['outrider-operation'], first.headers['outrider-operation'])
    assert.equal((await operationsOf(host.resourceId)).length, 2)
    const other = await patch(host.resourceId, { desiredPowerState: 'POWER_STATE_OFF' }, key)
    assert.equal(other.body.details[0].code, 'IDEMPOTENCY_KEY_REUSED')
    const empty = await patch(host.resourceId, body, { 'idempotency-key': '' })
    assert.equal(empty.body.details[0].code, 'IDEMPOTENCY_KEY_INVALID')

    const fresh = await register(deployment)
    const refused = await patch(fresh.resourceId, body, { 'idempotency-key': 'k-2' })
    const replayed = await patch(fresh.resourceId, body, { 'idempotency-key': 'k-2' })
    assert.equal(replayed.status, 409)
    assert.equal(replayed.headers['outrider-operation'], refused.headers['outrider-operation'])
  })

  it('loses no request of many at once, and keeps their order', async () => {
    const host = await activated(deployment)
    const replies = await Promise.all(
      Array.from({ length: 15 }, (_, i) =>
        patch(host.resourceId, { desiredPowerState: i % 2 === 0 ? 'POWER_STATE_OFF' : 'POWER_STATE_ON' }),
      ),
    )
    const asked = replies.map(({ headers }) => headers['outrider-operation']!)
    assert.equal(new Set(asked).size, 15)
    const listed = await deployment.inventory.operations(
      deployment.project.id,
      { hostId: host.resourceId, lives: ['queued'], order: 'oldest', limit: 100 },
      patience(),
    )
    assert.deepEqual(
      listed.items.map(({ id }) => id),
      [...asked].sort(),
    )
    for (const { id } of listed.items) await carryOut(deployment, id)
    const last = listed.items.at(-1)!
    const ended = await hostOf(host.resourceId)
    assert.equal(ended.currentPowerState, last.kind === 'power-on' ? 'POWER_STATE_ON' : 'POWER_STATE_OFF')
    assert.equal(ended.desiredPowerState, ended.currentPowerState)
  })

  it('names one operation however often the same key arrives at once', async () => {
    const host = await activated(deployment)
    const replies = await Promise.all(
      Array.from({ length: 10 }, () =>
        patch(host.resourceId, { desiredPowerState: 'POWER_STATE_OFF' }, { 'idempotency-key': 'same' }),
      ),
    )
    assert.equal(new Set(replies.map(({ headers }) => headers['outrider-operation'])).size, 1)
  })

  it('cancels what is queued and nothing else, and takes the wish back', async () => {
    const host = await activated(deployment)
    const on = await patch(host.resourceId, { desiredPowerState: 'POWER_STATE_ON' })
    await carryOut(deployment, on.headers['outrider-operation']!)
    const off = await patch(host.resourceId, { desiredPowerState: 'POWER_STATE_OFF' })
    const path = `${deployment.operations}/${off.headers['outrider-operation']}/cancel`
    const cancelled = await deployment.operator.ask('POST', path)
    assert.equal(cancelled.body.life, 'cancelled')
    const after = await hostOf(host.resourceId)
    assert.equal(after.desiredPowerState, 'POWER_STATE_ON')
    assert.equal(after.powerStatus, 'Powered on')
    const again = await deployment.operator.ask('POST', path)
    assert.equal(again.status, 409)
    assert.equal(again.body.code, 'OPERATION_NOT_CANCELLABLE')

    const running = await patch(host.resourceId, { desiredPowerState: 'POWER_STATE_OFF' })
    const id = running.headers['outrider-operation']!
    await deployment.inventory.advanceOperation(
      deployment.project.id,
      id,
      1,
      { life: 'running' },
      undefined,
      patience(),
    )
    const late = await deployment.operator.ask('POST', `${deployment.operations}/${id}/cancel`)
    assert.equal(late.body.code, 'OPERATION_NOT_CANCELLABLE')
    assert.equal((await operation(id)).life, 'running')
  })

  it('wakes a long poll on the next revision, and lets it go when its time is over', async () => {
    const host = await activated(deployment)
    const asked = await patch(host.resourceId, { desiredPowerState: 'POWER_STATE_OFF' })
    const id = asked.headers['outrider-operation']!
    const { revision } = await operation(id)
    const path = `${deployment.operations}/${id}`
    const query = { wait: '30', revision: String(revision) }
    const polls = [1, 2, 3].map(() => deployment.operator.ask('GET', path, { query }))
    await carryOut(deployment, id)
    for (const poll of await Promise.all(polls)) assert.ok(poll.body.revision > revision)
    const ended = await deployment.operator.ask('GET', path, {
      query: { wait: '30', revision: String((await operation(id)).revision) },
    })
    assert.equal(ended.body.life, 'succeeded', 'an ended one is never waited for')

    const other = await patch(host.resourceId, { desiredPowerState: 'POWER_STATE_ON' })
    const otherPath = `${deployment.operations}/${other.headers['outrider-operation']}`
    const unchanged = await deployment.operator.ask('GET', otherPath, { query: { wait: '1', revision: '1' } })
    assert.equal(unchanged.body.revision, 1)
    const gone = new AbortController()
    const left = deployment.operator.ask('GET', otherPath, {
      query: { wait: '30', revision: '1' },
      signal: gone.signal,
    })
    gone.abort(new Error('the client left'))
    await assert.rejects(left, /the client left/)
  })

  it('tells no more than the surface should, and everything it should', async () => {
    const host = await activated(deployment)
    const asked = await patch(host.resourceId, { desiredPowerState: 'POWER_STATE_OFF' })
    const id = asked.headers['outrider-operation']!
    await deployment.inventory.advanceOperation(
      deployment.project.id,
      id,
      1,
      { life: 'running', memo: { ticket: 'a-ticket' } },
      undefined,
      patience(),
    )
    const read = await operation(id)
    assert.equal('memo' in read || 'epoch' in read || 'lease' in read || 'idempotencyKey' in read, false)
    const audit = await deployment.operator.ask('GET', '/v1/projects/default/compute/audit', {
      query: { host: host.resourceId },
    })
    const [newest] = audit.body.entries
    assert.deepEqual(
      { act: newest.act, name: newest.name, from: newest.from, outcome: newest.outcome, id: newest.operationId },
      { act: 'power-off', name: 'operator@default', from: '192.0.2.7', outcome: 'requested', id },
    )
    const names = deployment.events.filter(({ fields }) => (fields as { operation?: string }).operation === id)
    assert.deepEqual(
      names.map(({ name }) => name),
      ['operation.requested'],
    )
  })

  it('does not let an older epoch write', async () => {
    const host = await activated(deployment)
    const asked = await patch(host.resourceId, { desiredPowerState: 'POWER_STATE_OFF' })
    const id = asked.headers['outrider-operation']!
    const { inventory, project } = deployment
    await inventory.advanceOperation(project.id, id, 5, { life: 'running' }, undefined, patience())
    const stale = await inventory.advanceOperation(
      project.id,
      id,
      4,
      { life: 'succeeded' },
      { currentPower: 'off' },
      patience(),
    )
    assert.equal(stale, 'stale')
    assert.equal((await hostOf(host.resourceId)).currentPowerState, 'POWER_STATE_UNSPECIFIED')
    assert.equal(await inventory.advanceOperation(project.id, 'op-none', 1, {}, undefined, patience()), 'missing')
  })

  it('takes what was observed over what it would write by itself', async () => {
    const host = await activated(deployment)
    const asked = await patch(host.resourceId, { desiredPowerState: 'POWER_STATE_RESET' })
    const { inventory, project } = deployment
    const id = asked.headers['outrider-operation']!
    await inventory.advanceOperation(project.id, id, 1, { life: 'succeeded' }, { currentPower: 'on' }, patience())
    assert.equal((await hostOf(host.resourceId)).currentPowerState, 'POWER_STATE_ON')
  })

  it('lets a power operator move power and nothing else', async () => {
    const host = await activated(deployment)
    const client = deployment.clientOf(deployment.project, 'power-operator')
    const off = await patch(host.resourceId, { name: host.name, desiredPowerState: 'POWER_STATE_OFF' }, {}, client)
    assert.equal(off.status, 200)
    for (const body of [
      { desiredAmtState: 'AMT_STATE_UNPROVISIONED' },
      { amtControlMode: 'AMT_CONTROL_MODE_ACM' },
      { name: 'mine' },
      { desiredPowerState: 'POWER_STATE_ON', amtDnsSuffix: 'x.y' },
    ]) {
      const denied = await patch(host.resourceId, body, {}, client)
      assert.equal(denied.status, 403, JSON.stringify(body))
    }
    const deactivation = await patch(host.resourceId, { desiredAmtState: 'AMT_STATE_UNPROVISIONED' })
    const cancelling = await client.ask(
      'POST',
      `${deployment.operations}/${deactivation.headers['outrider-operation']}/cancel`,
    )
    assert.equal(cancelling.status, 403)
  })

  it('writes observations again where somebody else wrote meanwhile', async () => {
    const host = await register(deployment)
    const { inventory, project } = deployment
    await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        inventory.changeHost(
          project.id,
          host.resourceId,
          (row) => ({ metadata: { ...row.metadata, [`k${i}`]: 'v' } }),
          patience(),
        ),
      ),
    )
    assert.equal((await hostOf(host.resourceId)).metadata.length, 20)
    const before = await inventory.host(project.id, { id: host.resourceId }, patience())
    const same = await inventory.changeHost(project.id, host.resourceId, ({ name }) => ({ name }), patience())
    assert.equal(same.revision, before!.revision, 'a write of the same is none')
    await assert.rejects(
      inventory.changeHost(project.id, 'host-00000000', () => ({}), patience()),
      { code: 'HOST_NOT_FOUND' },
    )
    await assert.rejects(
      inventory.changeHost(
        guid('99999999-9999-4999-8999-999999999999'),
        host.resourceId,
        () => ({ name: 'stolen' }),
        patience(),
      ),
      { code: 'HOST_NOT_FOUND' },
    )
  })
})
