import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { activationFaults } from '@outrider/domain/activation'
import type { Detection } from '@outrider/domain/hosts'
import { faultTable, guid } from '@outrider/protocols/values'
import { activated, aMachine, carryOut, type Deployment, deploy, patience, register } from './deployment.test.ts'

const device = faultTable({
  DEACTIVATION_LOST: { kind: 'timeout', message: 'Nobody could read it back.', remedy: 'Look.' },
})

describe('what a host shows to be wrong', () => {
  let deployment: Deployment
  before(async () => {
    deployment = await deploy()
  })
  after(() => deployment[Symbol.asyncDispose]())

  const codes = async (id: string): Promise<string[]> =>
    (await deployment.operator.ask('GET', `${deployment.hosts}/${id}`)).body.outrider.conditions.map(
      ({ code }: { code: string }) => code,
    )
  const detected = (id: string, fields: Partial<Detection>) =>
    deployment.inventory.changeHost(
      deployment.project.id,
      id,
      () => ({
        detection: { support: 'amt', reason: 'AMT_READY', message: '', at: deployment.clock.now(), ...fields },
      }),
      patience(),
    )

  it('names the server a device is connected to that is not ours', async () => {
    const { resourceId: id } = await register(deployment)
    await detected(id, { controlMode: 'none', remoteStatus: 'connected', mpsHostname: 'mps.elsewhere.example' })
    const { body } = await deployment.operator.ask('GET', `${deployment.hosts}/${id}`)
    assert.equal(body.outrider.conditions[0].code, 'HOST_AT_FOREIGN_MPS')
    assert.match(body.outrider.conditions[0].message, /mps\.elsewhere\.example/)
    await detected(id, { controlMode: 'none', remoteStatus: 'connected', mpsHostname: 'Outrider.Test' })
    assert.deepEqual(await codes(id), [])
  })

  it('says that nobody knows whether its firmware is activated', async () => {
    const { resourceId: foreign } = await register(deployment)
    await detected(foreign, { controlMode: 'client' })
    assert.deepEqual(await codes(foreign), ['HOST_IN_LIMBO'])
    await detected(foreign, { controlMode: 'none' })
    assert.deepEqual(await codes(foreign), [])

    const { resourceId: id } = await activated(deployment)
    const undo = await deployment.operator.ask('PATCH', `${deployment.hosts}/${id}`, {
      body: { desiredAmtState: 'AMT_STATE_UNPROVISIONED' },
    })
    const operation = undo.headers['outrider-operation']!
    const { inventory, project, clock } = deployment
    await inventory.advanceOperation(
      project.id,
      operation,
      1,
      { life: 'running', actedAt: clock.now() },
      undefined,
      patience(),
    )
    await carryOut(deployment, operation, 'failed', device.DEACTIVATION_LOST().record())
    assert.deepEqual(await codes(id), ['HOST_IN_LIMBO'])
    clock.ahead(1000)
    await detected(id, { controlMode: 'client' })
    assert.deepEqual(await codes(id), [], 'it is known now')

    const locked = await deployment.operator.ask('PATCH', `${deployment.hosts}/${id}`, {
      body: { desiredAmtState: 'AMT_STATE_UNPROVISIONED' },
    })
    const refused = activationFaults.AMT_PASSWORD_UNKNOWN({ tried: 1 }).record()
    await carryOut(deployment, locked.headers['outrider-operation']!, 'failed', refused)
    assert.deepEqual(await codes(id), ['HOST_IN_LIMBO'])
  })

  it('refuses to register a UUID that the engine of another machine says', async () => {
    const host = await register(deployment)
    const machine = aMachine()
    await deployment.inventory.changeHost(
      deployment.project.id,
      host.resourceId,
      () => ({ amtGuid: guid(machine.uuid) }),
      patience(),
    )
    const again = await deployment.operator.ask('POST', `${deployment.hosts}/register`, { body: machine })
    assert.equal(again.status, 409)
    const found = await deployment.operator.ask('GET', `${deployment.hosts}/${machine.uuid}`)
    assert.equal(found.body.resourceId, host.resourceId, 'a host is found by either UUID')
  })

  it('records acts that reach its device around it under its name', async () => {
    const host = await register(deployment)
    const { inventory, project, clock } = deployment
    const entry = { at: clock.now(), project: project.id, subject: 's', name: 'n', from: 'f', act: 'power-action-8' }
    await inventory.record({ ...entry, guid: guid(host.uuid), outcome: 'succeeded' }, patience())
    await inventory.record({ ...entry, guid: guid(aMachine().uuid), outcome: 'refused' }, patience())
    const audit = await deployment.operator.ask('GET', '/v1/projects/default/compute/audit')
    const [unknown, known] = audit.body.entries
    assert.deepEqual([known.hostId, known.guid, unknown.hostId], [host.resourceId, host.uuid, undefined])
  })
})
