import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { aMachine, type Deployment, deploy, patience, register } from './deployment.test.ts'

describe('hosts', () => {
  let deployment: Deployment
  before(async () => {
    deployment = await deploy()
  })
  after(() => deployment[Symbol.asyncDispose]())

  it('registers with the defaults existing clients rely on', async () => {
    const machine = aMachine()
    const { status, body } = await deployment.operator.ask('POST', `${deployment.hosts}/register`, { body: machine })
    assert.equal(status, 200)
    assert.match(body.resourceId, /^host-[0-9a-f]{8}$/)
    assert.deepEqual(
      {
        name: body.name,
        serialNumber: body.serialNumber,
        uuid: body.uuid,
        desiredState: body.desiredState,
        desiredPowerState: body.desiredPowerState,
        desiredAmtState: body.desiredAmtState,
        powerCommandPolicy: body.powerCommandPolicy,
        hostStatus: body.hostStatus,
        powerStatus: body.powerStatus,
        amtStatus: body.amtStatus,
        amtSku: body.amtSku,
      },
      {
        ...machine,
        desiredState: 'HOST_STATE_REGISTERED',
        desiredPowerState: 'POWER_STATE_ON',
        desiredAmtState: 'AMT_STATE_UNPROVISIONED',
        powerCommandPolicy: 'POWER_COMMAND_POLICY_IMMEDIATE',
        hostStatus: 'Not Connected',
        powerStatus: 'Unknown',
        amtStatus: 'Unknown',
        amtSku: 'AMT_SKU_UNSPECIFIED',
      },
    )
    assert.equal(Number.isInteger(body.amtStatusTimestamp), true)
    assert.equal(body.outrider.support, 'unknown')
    assert.deepEqual(body.outrider.presence, { connected: false })
    const operations = await deployment.operator.ask('GET', deployment.operations, {
      query: { host: body.resourceId },
    })
    assert.deepEqual(operations.body.operations, [], 'a default is no wish of anybody')
  })

  it('accepts the empty texts existing clients send, and names the host by its id', async () => {
    const { serialNumber } = aMachine()
    const host = await register(deployment, { name: '', uuid: '', serialNumber, autoOnboard: true })
    assert.equal(host.name, host.resourceId)
    assert.equal(host.uuid, undefined)
    assert.equal(host.desiredState, 'HOST_STATE_ONBOARDED')
  })

  it('says FailedPrecondition where the machine is registered already', async () => {
    const host = await register(deployment)
    for (const twin of [
      { serialNumber: host.serialNumber, uuid: '' },
      { uuid: host.uuid.toUpperCase(), serialNumber: '' },
      { name: host.name },
    ]) {
      const { status, body } = await deployment.operator.ask('POST', `${deployment.hosts}/register`, {
        body: { ...aMachine(), ...twin },
      })
      assert.equal(status, 409)
      assert.equal(body.code, 'FailedPrecondition')
      assert.equal(body.details[0].code, 'HOST_EXISTS')
    }
  })

  it('refuses what identifies no machine', async () => {
    for (const [fields, code] of [
      [{ serialNumber: '', uuid: '' }, 'HOST_IDENTITY_MISSING'],
      [{ uuid: '00000000-0000-0000-0000-000000000000' }, 'HOST_FIELD_INVALID'],
      [{ uuid: 'not-a-uuid' }, 'HOST_FIELD_INVALID'],
      [{ serialNumber: 'Default string' }, 'HOST_FIELD_INVALID'],
      [{ name: 'a<b' }, 'HOST_FIELD_INVALID'],
      [{ name: 'host-0000abcd' }, 'HOST_FIELD_INVALID'],
    ] as const) {
      const { status, body } = await deployment.operator.ask('POST', `${deployment.hosts}/register`, {
        body: { ...aMachine(), ...fields },
      })
      assert.equal(status, 400, JSON.stringify(fields))
      assert.equal(body.details[0].code, code, JSON.stringify(fields))
    }
  })

  it('finds one host by id, name, serial number, SMBIOS and AMT UUID', async () => {
    const host = await register(deployment)
    const amtGuid = 'aaaaaaaa-0000-4000-8000-0000000000aa'
    await deployment.inventory.changeHost(
      deployment.project.id,
      host.resourceId,
      () => ({ amtGuid: amtGuid as never }),
      patience(),
    )
    for (const key of [host.resourceId, host.name, host.serialNumber, host.uuid, amtGuid]) {
      const { status, body } = await deployment.operator.ask('GET', `${deployment.hosts}/${key}`)
      assert.equal(status, 200, key)
      assert.equal(body.resourceId, host.resourceId)
    }
    const missing = await deployment.operator.ask('GET', `${deployment.hosts}/nobody`)
    assert.equal(missing.status, 404)
    assert.equal(missing.body.code, 'NotFound')
  })

  it('reads back what detection and presence say', async () => {
    const host = await register(deployment)
    await deployment.inventory.changeHost(
      deployment.project.id,
      host.resourceId,
      () => ({
        detection: {
          support: 'ism',
          reason: 'ISM_READY',
          message: 'Standard manageability.',
          amtVersion: '16.1.25',
          controlMode: 'client',
          at: 1_700_000_000_000,
        },
      }),
      patience(),
    )
    const entry = await deployment.presence.claim(deployment.project.id, host.uuid, 'mps-1', 1_700_000_000_000)
    const { body } = await deployment.operator.ask('GET', `${deployment.hosts}/${host.resourceId}`)
    assert.equal(body.amtSku, 'AMT_SKU_ISM')
    assert.equal(body.outrider.support, 'ism')
    assert.equal(body.outrider.reason, 'ISM_READY')
    assert.equal(body.outrider.amtVersion, '16.1.25')
    assert.equal(body.outrider.controlMode, 'client')
    assert.deepEqual(body.outrider.presence, {
      connected: true,
      since: '2023-11-14T22:13:20.000Z',
      instance: 'mps-1',
    })
    await deployment.presence.release(entry.entry, 0)
  })

  it('changes exactly the fields of the mask or of the body, and never wipes a name', async () => {
    const host = await register(deployment)
    const path = `${deployment.hosts}/${host.resourceId}`
    const byKeys = await deployment.operator.ask('PATCH', path, {
      body: { name: '', amtDnsSuffix: 'corp.example', metadata: [{ key: 'rack', value: '7' }] },
    })
    assert.equal(byKeys.body.name, host.name)
    assert.equal(byKeys.body.amtDnsSuffix, 'corp.example')
    assert.deepEqual(byKeys.body.metadata, [{ key: 'rack', value: '7' }])
    const byMask = await deployment.operator.ask('PATCH', path, {
      query: { fieldMask: 'amt_dns_suffix' },
      body: { name: 'ignored', metadata: [] },
    })
    assert.equal(byMask.body.name, host.name)
    assert.equal(byMask.body.amtDnsSuffix, '')
    assert.deepEqual(byMask.body.metadata, [{ key: 'rack', value: '7' }])
    const unknown = await deployment.operator.ask('PATCH', path, { body: { colour: 'red' } })
    assert.equal(unknown.body.details[0].code, 'HOST_FIELD_UNKNOWN')
    const fixed = await deployment.operator.ask('PATCH', path, { body: { serialNumber: 'OTHER1' } })
    assert.equal(fixed.body.details[0].code, 'HOST_FIELD_FIXED')
  })

  it('takes a host back by PUT as it was read, without acting on it', async () => {
    const host = await register(deployment)
    const path = `${deployment.hosts}/${host.resourceId}`
    const { body: read } = await deployment.operator.ask('GET', path)
    const { status, body, headers } = await deployment.operator.ask('PUT', path, {
      body: { ...read, name: `${host.name}b` },
    })
    assert.equal(status, 200)
    assert.equal(body.name, `${host.name}b`)
    assert.equal(headers['outrider-operation'], undefined)
    assert.equal(body.desiredPowerState, 'POWER_STATE_ON')
  })

  it('lists by page, by offset, in order, and counts', async () => {
    await using own = await deploy()
    const names = ['delta', 'alpha', 'charlie', 'bravo', 'echo']
    for (const name of names) await register(own, { name })
    const seen: string[] = []
    for (let after: string | undefined; ; ) {
      const { body } = await own.operator.ask('GET', own.hosts, {
        query: { pageSize: '2', orderBy: 'name', ...(after === undefined ? {} : { after }) },
      })
      assert.equal(body.totalElements, 5)
      for (const host of body.hosts) seen.push(host.name)
      if (!body.hasNext) break
      after = body.outrider.next
    }
    assert.deepEqual(seen, ['alpha', 'bravo', 'charlie', 'delta', 'echo'])
    const late = await own.operator.ask('GET', own.hosts, {
      query: { pageSize: '2', offset: '3', orderBy: 'name desc' },
    })
    assert.deepEqual(
      late.body.hosts.map((host: { name: string }) => host.name),
      ['bravo', 'alpha'],
    )
    assert.equal(late.body.hasNext, false)
    assert.equal(late.body.totalElements, 5)
    const filtered = await own.operator.ask('GET', own.hosts, { query: { filter: 'name="*a"', pageSize: '1' } })
    assert.equal(filtered.body.totalElements, 2)
    assert.equal(filtered.body.hasNext, true)
    const summary = await own.operator.ask('GET', `${own.hosts}/summary`)
    assert.deepEqual(summary.body, { total: 5, error: 0, running: 0, unallocated: 5 })
    for (const query of [{ orderBy: 'colour' }, { filter: 'colour=red' }, { filter: 'name=' }, { filter: '(name=a' }])
      assert.equal((await own.operator.ask('GET', own.hosts, { query })).status, 400, JSON.stringify(query))
  })

  it('registers again only what is missing', async () => {
    const host = await register(deployment, { uuid: '' })
    const path = `${deployment.hosts}/${host.resourceId}/register`
    const { uuid } = aMachine()
    const filled = await deployment.operator.ask('PATCH', path, { body: { uuid, autoOnboard: true } })
    assert.equal(filled.body.uuid, uuid)
    assert.equal(filled.body.desiredState, 'HOST_STATE_ONBOARDED')
    const again = await deployment.operator.ask('PATCH', path, { body: { uuid: aMachine().uuid } })
    assert.equal(again.body.details[0].code, 'HOST_FIELD_FIXED')
  })
})
