import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { faultTable } from '@outrider/protocols/values'
import { activated, aMachine, carryOut, type Deployment, deploy, patience, register } from './deployment.test.ts'

const lost = faultTable({
  MACHINE_NEVER_CAME: { kind: 'timeout', message: 'No machine.', remedy: 'Install it.' },
})

describe('enrolment', () => {
  let deployment: Deployment
  before(async () => {
    deployment = await deploy()
  })
  after(() => deployment[Symbol.asyncDispose]())

  const tokenFor = async (id: string, body: object = {}) => {
    const answer = await deployment.operator.ask('POST', `${deployment.hosts}/${id}/agent-env`, { body })
    assert.equal(answer.status, 201)
    return answer.body.environment.OUTRIDER_ENROLMENT_TOKEN as string
  }
  // A node has no token of any kind: the role of this client is never asked for.
  const enrol = (token: string, serial: string, uuid: string) =>
    deployment.clientOf(deployment.other, 'viewer').ask('POST', '/v1/enrolment', { body: { token, serial, uuid } })

  it('answers the whole environment of a node', async () => {
    const host = await register(deployment)
    const { body } = await deployment.operator.ask('POST', `${deployment.hosts}/${host.resourceId}/agent-env`)
    const { OUTRIDER_ENROLMENT_TOKEN: token, OUTRIDER_CA: ca, ...rest } = body.environment
    assert.deepEqual(rest, {
      OUTRIDER_URL: 'https://outrider.test:8443',
      OUTRIDER_RPS_URL: 'wss://outrider.test:8443/activate',
      OUTRIDER_GRPC_URL: 'https://outrider.test:8443',
      OUTRIDER_TOKEN_URL: 'https://outrider.test:8443/realms/master/protocol/openid-connect/token',
      OUTRIDER_CIRA_ADDRESS: 'outrider.test:4433',
      OUTRIDER_PROJECT: deployment.project.id,
      OUTRIDER_HOST_ID: host.resourceId,
    })
    assert.match(token, /^[\w-]{40,}$/)
    assert.match(ca, /^[A-Za-z0-9+/=]+$/)
    assert.match(Buffer.from(ca, 'base64').toString(), /BEGIN CERTIFICATE/)
  })

  it('gives credentials once, to the machine the token was made for, and learns what was missing', async () => {
    const { uuid } = aMachine()
    const host = await register(deployment, { uuid: '' })
    const token = await tokenFor(host.resourceId)
    const { status, body } = await enrol(token, host.serialNumber, uuid.toUpperCase())
    assert.equal(status, 200)
    assert.deepEqual(Object.keys(body).sort(), ['clientId', 'clientSecret', 'hostId', 'projectId', 'tokenUrl'])
    assert.equal(body.hostId, host.resourceId)
    assert.equal(body.projectId, deployment.project.id)
    assert.equal(deployment.live.get(host.resourceId), body.clientSecret)
    const { body: read } = await deployment.operator.ask('GET', `${deployment.hosts}/${host.resourceId}`)
    assert.equal(read.uuid, uuid)
    assert.equal(read.currentState, 'HOST_STATE_ONBOARDED')
  })

  it('answers every token that is not good alike', async () => {
    const host = await register(deployment)
    const used = await tokenFor(host.resourceId)
    await enrol(used, host.serialNumber, host.uuid)
    const another = await register(deployment)
    const replaced = await tokenFor(another.resourceId)
    const valid = await tokenFor(another.resourceId)
    const expiring = await register(deployment)
    const expired = await tokenFor(expiring.resourceId, { expiresInSeconds: 60 })
    deployment.clock.ahead(11 * 60_000)
    const answers = [
      await enrol('unknown', another.serialNumber, another.uuid),
      await enrol(used, host.serialNumber, host.uuid),
      await enrol(replaced, another.serialNumber, another.uuid),
      await enrol(expired, expiring.serialNumber, expiring.uuid),
      await enrol(valid, host.serialNumber, another.uuid),
      await enrol(valid, another.serialNumber, host.uuid),
      await enrol(valid, '', ''),
    ]
    for (const answer of answers) {
      assert.equal(answer.status, 401)
      assert.deepEqual(answer.body, answers[0]!.body)
    }
    assert.equal(deployment.live.has(another.resourceId), false)
    assert.equal(
      (await enrol(valid, another.serialNumber, another.uuid)).status,
      200,
      'machines that are not meant do not burn it',
    )
    const codes = deployment.events
      .filter(({ name }) => name === 'enrolment.refused')
      .map(({ fields }) => (fields as { code?: string }).code)
    assert.deepEqual(codes, ['TOKEN', 'TOKEN', 'TOKEN', 'TOKEN', 'MACHINE', 'MACHINE', 'MACHINE'])
  })

  it('lets the same machine repeat an exchange whose answer was lost, for a while', async () => {
    const host = await register(deployment)
    const token = await tokenFor(host.resourceId)
    const first = await enrol(token, host.serialNumber, host.uuid)
    assert.equal((await enrol(token, 'ANOTHER1', host.uuid)).status, 401)
    for (let i = 0; i < 3; i++) {
      const again = await enrol(token, host.serialNumber, host.uuid)
      assert.equal(again.status, 200)
      assert.notEqual(again.body.clientSecret, first.body.clientSecret)
      assert.equal(deployment.live.get(host.resourceId), again.body.clientSecret)
    }
    assert.equal((await enrol(token, host.serialNumber, host.uuid)).status, 401, 'but not for ever')

    const slow = await register(deployment)
    const slowToken = await tokenFor(slow.resourceId)
    await enrol(slowToken, slow.serialNumber, slow.uuid)
    deployment.clock.ahead(9 * 60_000)
    assert.equal((await enrol(slowToken, slow.serialNumber, slow.uuid)).status, 200)
    deployment.clock.ahead(2 * 60_000)
    assert.equal((await enrol(slowToken, slow.serialNumber, slow.uuid)).status, 401, 'counted from the first exchange')
  })

  it('does not take a machine away from the host that has it', async () => {
    const owner = await register(deployment)
    const host = await register(deployment, { uuid: '' })
    const token = await tokenFor(host.resourceId)
    const taken = await enrol(token, host.serialNumber, owner.uuid)
    assert.equal(taken.status, 409)
    assert.equal(taken.body.code, 'ENROLMENT_IDENTITY_TAKEN')
    const { body: shown } = await deployment.operator.ask('GET', `${deployment.hosts}/${host.resourceId}`)
    assert.equal(shown.hostStatusIndicator, 'STATUS_INDICATION_ERROR')
    assert.equal(shown.outrider.conditions[0].type, 'duplicate-identity')
    assert.equal(shown.outrider.conditions[0].code, 'ENROLMENT_IDENTITY_TAKEN')
    const activation = { desiredAmtState: 'AMT_STATE_PROVISIONED' }
    const refused = await deployment.operator.ask('PATCH', `${deployment.hosts}/${host.resourceId}`, {
      body: activation,
    })
    assert.equal(
      refused.body.details[0].code,
      'ENROLMENT_IDENTITY_TAKEN',
      'nothing is done to a machine that may be another',
    )
    assert.equal((await enrol(token, host.serialNumber, aMachine().uuid)).status, 200, 'the token is still good')
    const { body: mended } = await deployment.operator.ask('GET', `${deployment.hosts}/${host.resourceId}`)
    assert.deepEqual(mended.outrider.conditions, [])
  })

  it('stores no token in the clear', async () => {
    const host = await register(deployment)
    const token = await tokenFor(host.resourceId)
    const rows = await deployment.operator.ask('GET', '/v1/projects/default/compute/audit')
    assert.equal(JSON.stringify([rows.body, deployment.events]).includes(token), false)
  })

  it('lets a host go whose activation failed before any agent reported, and a lost one by force', async () => {
    const never = await register(deployment, { enableVpro: true })
    const { body } = await deployment.operator.ask('GET', `${deployment.hosts}/${never.resourceId}`)
    await carryOut(deployment, body.outrider.lastOperation.id, 'failed', lost.MACHINE_NEVER_CAME().record())
    assert.equal((await deployment.operator.ask('DELETE', `${deployment.hosts}/${never.resourceId}`)).status, 200)

    const gone = await activated(deployment)
    const path = `${deployment.hosts}/${gone.resourceId}`
    const force = { query: { force: 'true' } }
    assert.equal((await deployment.operator.ask('DELETE', path, force)).status, 403)
    const admin = deployment.clientOf(deployment.project, 'admin')
    assert.equal((await admin.ask('DELETE', path, force)).status, 200)
    assert.equal((await admin.ask('GET', path)).status, 404)
    const audit = await admin.ask('GET', '/v1/projects/default/compute/audit', { query: { host: gone.resourceId } })
    assert.equal(audit.body.entries[0].act, 'force-delete-host')
  })

  it('finishes at the next start what a crash left of a deletion', async () => {
    const host = await register(deployment)
    await enrol(await tokenFor(host.resourceId), host.serialNumber, host.uuid)
    await deployment.inventory.changeHost(
      deployment.project.id,
      host.resourceId,
      () => ({ state: 'deleted' }),
      patience(),
    )
    assert.equal(deployment.live.has(host.resourceId), true)
    await deployment.start(patience())
    assert.equal(deployment.live.has(host.resourceId), false)
    assert.equal((await deployment.operator.ask('GET', `${deployment.hosts}/${host.resourceId}`)).status, 404)
  })

  it('makes no credentials for a host that is deauthorised in the same moment', async () => {
    await using own = await deploy({}, async (hostId) => {
      await own.operator.ask('PUT', `${own.hosts}/${hostId}/invalidate`)
    })
    const host = await register(own)
    const made = await own.operator.ask('POST', `${own.hosts}/${host.resourceId}/agent-env`)
    const { OUTRIDER_ENROLMENT_TOKEN: token } = made.body.environment
    const body = { token, serial: host.serialNumber, uuid: host.uuid }
    assert.equal((await own.operator.ask('POST', '/v1/enrolment', { body })).status, 401)
    assert.equal(own.live.has(host.resourceId), false)
  })

  it('ends credentials and tokens with the host', async () => {
    const idle = await register(deployment)
    const idleToken = await tokenFor(idle.resourceId)
    await enrol(idleToken, idle.serialNumber, idle.uuid)
    const activation = await deployment.operator.ask('PATCH', `${deployment.hosts}/${idle.resourceId}`, {
      body: { desiredAmtState: 'AMT_STATE_PROVISIONED' },
    })
    const out = await deployment.operator.ask('PUT', `${deployment.hosts}/${idle.resourceId}/invalidate`, {
      query: { note: 'sold' },
    })
    assert.equal(out.status, 200)
    assert.equal(deployment.live.has(idle.resourceId), false)
    const { body: read } = await deployment.operator.ask('GET', `${deployment.hosts}/${idle.resourceId}`)
    assert.equal(read.currentState, 'HOST_STATE_UNTRUSTED')
    assert.equal(read.hostStatus, 'Invalidated: sold')
    assert.equal(read.outrider.lastOperation.id, activation.headers['outrider-operation'])
    assert.equal(read.outrider.lastOperation.life, 'cancelled')
    const refused = await deployment.operator.ask('PATCH', `${deployment.hosts}/${idle.resourceId}`, {
      body: { desiredAmtState: 'AMT_STATE_PROVISIONED' },
    })
    assert.equal(refused.body.details[0].code, 'HOST_UNTRUSTED')
    const noToken = await deployment.operator.ask('POST', `${deployment.hosts}/${idle.resourceId}/agent-env`)
    assert.equal(noToken.body.code, 'HOST_UNTRUSTED')
    assert.equal((await deployment.operator.ask('DELETE', `${deployment.hosts}/${idle.resourceId}`)).status, 200)
    assert.equal((await deployment.operator.ask('GET', `${deployment.hosts}/${idle.resourceId}`)).status, 404)
  })
})
