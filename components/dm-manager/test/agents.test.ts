import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Code, ConnectError } from '@connectrpc/connect'
import { conditionOf } from '@outrider/domain/hosts'
import type { ProjectId } from '@outrider/domain/identity'
import { agent, deviceManagement } from '@outrider/protocols/grpc'
import { guid, minutes } from '@outrider/protocols/values'
import { AMT_GUID, House, UUID } from './house.ts'

const { ActivationStatus, AMTStatus, OperationType } = deviceManagement

const inhabited = async (fields = {}): Promise<House> => {
  const house = await House.build(fields)
  await house.start()
  return house
}
const refused = (code: Code, text?: RegExp) => (error: unknown) => {
  assert.ok(error instanceof ConnectError)
  assert.equal(Code[error.code], Code[code], error.message)
  if (text !== undefined) assert.match(error.rawMessage, text)
  return true
}
const faultOf = (error: unknown): string | null => (error as ConnectError).metadata.get('outrider-fault')

test('an agent speaks for the host its token is bound to, and for no other', async () => {
  const house = await inhabited()
  const other = guid('66666666-6666-4666-8666-666666666666')
  await house.addHost('host-00000002', { uuid: other })
  const report = (clients: ReturnType<House['clients']>, hostUuid: string) =>
    clients.ours.reportDetection({ hostUuid, support: agent.Support.AMT, reason: 'AMT_READY' })
  const mine = house.clients()
  await report(mine, UUID)
  await assert.rejects(report(mine, other), (error) => {
    assert.equal(faultOf(error), 'AGENT_OF_ANOTHER_HOST')
    return refused(Code.PermissionDenied)(error)
  })
  await assert.rejects(report(mine, ''), refused(Code.InvalidArgument, /Host ID cannot be empty/))
  const nobody = '77777777-7777-4777-8777-777777777777'
  await assert.rejects(report(mine, nobody), refused(Code.NotFound, new RegExp(`Host with UUID ${nobody} not found`)))
  await assert.rejects(report(mine, 'no uuid'), refused(Code.NotFound))
  await assert.rejects(report(house.clients({}, ''), UUID), refused(Code.NotFound))
  const unbound = { subject: 's', kind: 'agent', name: 'a', projects: new Map([[house.project, new Set(['agent'])]]) }
  for (const [context, code] of [
    [{ caller: undefined }, Code.Unauthenticated],
    [{ caller: unbound }, Code.PermissionDenied],
    [{ caller: { ...unbound, hostId: 'host-00000001', projects: new Map() } }, Code.PermissionDenied],
    [
      { caller: { ...unbound, hostId: 'host-00000001', projects: new Map([[house.project, new Set(['viewer'])]]) } },
      Code.PermissionDenied,
    ],
    [
      { caller: { ...unbound, hostId: 'host-00000001' }, project: '88888888-8888-4888-8888-888888888888' as ProjectId },
      Code.PermissionDenied,
    ],
  ] as const)
    await assert.rejects(report(house.clients(context as never), UUID), refused(code))
  await assert.rejects(async () => {
    for await (const _ of mine.ours.watchOrders({ hostUuid: other })) assert.fail('no order is for it')
  }, refused(Code.PermissionDenied))
  await assert.rejects(mine.theirs.retrieveActivationDetails({ hostId: other }), refused(Code.PermissionDenied))
  await assert.rejects(mine.ours.reportOrder({ hostUuid: other, orderId: 'x' }), refused(Code.PermissionDenied))
  assert.equal(
    (await house.inventory.host(house.project, { uuid: other }, AbortSignal.timeout(5000)))?.detection,
    undefined,
  )
  await house.close()
})

test('detection is written where it changed, with the identity of the hardware', async () => {
  const house = await inhabited({ uuid: undefined, serial: undefined } as object)
  const { ours } = house.clients()
  const report = {
    hostUuid: UUID,
    support: agent.Support.ISM,
    reason: 'ISM',
    message: 'Intel Standard Manageability',
    amtUuid: AMT_GUID.toUpperCase(),
    amtVersion: '16.1.25',
    controlMode: agent.ControlMode.NONE,
    serialNumber: 'SN12345',
  }
  await ours.reportDetection(report)
  const first = await house.record()
  assert.deepEqual([first.uuid, first.serial, first.amtGuid], [UUID, 'SN12345', AMT_GUID])
  const { at, ...detection } = first.detection!
  assert.deepEqual(detection, {
    support: 'ism',
    reason: 'ISM',
    message: 'Intel Standard Manageability',
    amtGuid: AMT_GUID,
    amtVersion: '16.1.25',
    controlMode: 'none',
  })
  house.time.now += 1000
  await ours.reportDetection(report)
  assert.equal((await house.record()).revision, first.revision)
  await ours.reportDetection({ ...report, reason: 'AMT_READY', support: agent.Support.AMT })
  const second = await house.record()
  assert.deepEqual([second.detection?.support, second.detection!.at > at], ['amt', true])
  await house.close()
})

test('hardware that is another host’s is not taken over', async () => {
  const house = await inhabited()
  await house.addHost('host-00000002', { amtGuid: AMT_GUID })
  const report = { hostUuid: UUID, support: agent.Support.AMT, reason: 'AMT_READY', amtUuid: AMT_GUID }
  await house.clients().ours.reportDetection(report)
  const host = await house.record()
  assert.deepEqual([host.detection?.support, host.amtGuid], ['amt', undefined])
  await house.close()
})

test('a conflict of identities is shown on both hosts and on the audit, stops activations, and goes when it is over', async () => {
  const house = await inhabited({ uuid: undefined, serial: 'SN00001' } as object)
  const owner = guid('66666666-6666-4666-8666-666666666666')
  // The engine of this machine says what the BIOS of the other one says.
  await house.addHost('host-00000002', { uuid: owner, amtGuid: guid('66666666-6666-4666-8666-666666666667') })
  const signal = AbortSignal.timeout(5000)
  const other = async () => (await house.inventory.host(house.project, { id: 'host-00000002' }, signal))!
  const { ours } = house.clients()
  const report = (hostUuid: string, amtUuid: string) =>
    ours.reportDetection({ hostUuid, support: agent.Support.AMT, reason: 'AMT_READY', amtUuid })

  for (const [hostUuid, amtUuid, taken] of [
    [UUID, owner, owner],
    [owner, AMT_GUID, owner],
  ] as const) {
    await report(hostUuid, amtUuid)
    const host = await house.record()
    assert.deepEqual([host.uuid, host.amtGuid, host.detection?.support], [undefined, undefined, 'amt'])
    const duplicate = conditionOf(host, 'duplicate-identity')!
    assert.deepEqual([duplicate.fault.code, duplicate.other], ['DUPLICATE_IDENTITY', 'host-00000002'])
    assert.match(duplicate.fault.message, new RegExp(taken))
    const claimed = conditionOf(await other(), 'identity-claimed')!
    assert.deepEqual([claimed.fault.code, claimed.other], ['IDENTITY_CLAIMED', 'host-00000001'])
  }
  assert.equal(house.events.filter(({ name }) => name === 'host.identity-conflict').length, 1, 'told when it is new')
  const id = await house.request('activate')
  assert.equal(await house.end(id), 'refused DUPLICATE_IDENTITY')

  await report(UUID, AMT_GUID)
  const host = await house.record()
  assert.deepEqual([host.uuid, host.amtGuid, host.conditions], [UUID, AMT_GUID, []])
  assert.deepEqual((await other()).conditions, [])
  // What boards say that nobody has set up tells nobody apart.
  await report(UUID, '00000000-0000-0000-0000-000000000000')
  assert.equal(conditionOf(await house.record(), 'duplicate-identity'), undefined)
  await house.close()
})

test('an agent whose host was deauthorised is turned away, whatever token it has left', async () => {
  const house = await inhabited({ state: 'untrusted' })
  const report = house.clients().ours.reportDetection({ hostUuid: UUID, support: agent.Support.AMT })
  await assert.rejects(report, (error) => {
    assert.equal(faultOf(error), 'AGENT_HOST_GONE')
    return refused(Code.PermissionDenied)(error)
  })
  await house.close()
})

test('a device that was reset at the machine is seen to be unprovisioned; one connected to us counts as ours', async () => {
  const house = await inhabited({ currentAmt: 'provisioned', amtGuid: AMT_GUID })
  const { ours } = house.clients()
  const report = { hostUuid: UUID, support: agent.Support.AMT, reason: 'AMT_READY', amtUuid: AMT_GUID }
  await ours.reportDetection({ ...report, controlMode: agent.ControlMode.NONE })
  assert.equal((await house.record()).currentAmt, 'unprovisioned')
  await ours.reportDetection({ ...report, controlMode: agent.ControlMode.CLIENT })
  assert.equal((await house.record()).currentAmt, 'unprovisioned', 'activated by whomever')
  await house.connect(true)
  await ours.reportDetection({ ...report, controlMode: agent.ControlMode.CLIENT })
  assert.equal((await house.record()).currentAmt, 'provisioned')
  await house.close()
})

test('the order is offered at once, again on a new stream, and not once it has ended', async () => {
  const house = await inhabited()
  const controller = new AbortController()
  const first = house
    .clients()
    .ours.watchOrders({ hostUuid: UUID }, { signal: controller.signal })
    [Symbol.asyncIterator]()
  const pending = first.next()
  const id = await house.request('activate')
  await house.time.until(async () => (await house.steps(id)).includes('order-offered'), minutes(1))
  const order = (await pending).value?.order
  assert.equal(order?.kind, agent.OrderKind.ACTIVATE)
  assert.equal(order?.operationId, id)
  assert.match(order?.profileName ?? '', /^t[0-9a-f]+$/)
  assert.equal(order?.actionPassword, order?.profileName)
  assert.ok((order?.deadlineSeconds ?? 0) > 0)
  // Another stream of the same host takes over: the older one ends, and the order comes again as it was.
  const second = house
    .clients()
    .ours.watchOrders({ hostUuid: UUID }, { signal: controller.signal })
    [Symbol.asyncIterator]()
  assert.equal((await second.next()).value?.order?.orderId, order?.orderId)
  assert.equal((await first.next()).done, true)
  const { ours } = house.clients()
  const report = (state: agent.OrderState) => ours.reportOrder({ hostUuid: UUID, orderId: order!.orderId, state })
  await report(agent.OrderState.RUNNING)
  await house.time.settle()
  await report(agent.OrderState.ACCEPTED)
  await house.time.settle()
  assert.deepEqual((await house.steps(id)).slice(-1), ['agent-running'])
  await ours.reportOrder({
    hostUuid: UUID,
    orderId: order!.orderId,
    state: agent.OrderState.FAILED,
    code: 'RPC_FAILED',
    message: 'no',
  })
  await house.time.settle()
  await report(agent.OrderState.FAILED)
  await ours.reportOrder({ hostUuid: UUID, orderId: 'or-unknown', state: agent.OrderState.FAILED })
  assert.deepEqual((await house.steps(id)).slice(-1), ['retrying'])
  const third = second.next()
  await house.time.pass(1500)
  const renewed = (await third).value?.order
  assert.notEqual(renewed?.orderId, order?.orderId)
  assert.notEqual(renewed?.profileName, order?.profileName)
  assert.equal(
    [...house.tickets.values()].filter(({ state }) => state === 'open').length,
    1,
    'the older ticket admits nobody',
  )
  controller.abort()
  await house.close()
})

test('an agent that waits gets signs of life, from one timer for all', async () => {
  const house = await inhabited()
  const { ours } = house.clients()
  const controller = new AbortController()
  const stream = ours.watchOrders({ hostUuid: UUID }, { signal: controller.signal })[Symbol.asyncIterator]()
  const next = stream.next()
  await house.time.settle()
  await house.time.pass(31_000)
  assert.equal((await next).value?.order, undefined)
  assert.ok(house.events.some(({ name }) => name === 'agent.connected'))
  controller.abort()
  await assert.rejects(stream.next())
  await house.time.settle()
  assert.ok(house.events.some(({ name }) => name === 'agent.disconnected'))
  await house.close()
})

test('existing agents: an activation over the three calls they have', async () => {
  const house = await inhabited()
  const { theirs } = house.clients()
  await theirs.reportAMTStatus({ hostId: UUID, status: AMTStatus.ENABLED, feature: 'AMT' })
  assert.equal((await house.record()).detection?.support, 'amt')
  await assert.rejects(
    theirs.retrieveActivationDetails({ hostId: UUID }),
    refused(Code.FailedPrecondition, /activation not requested/),
  )
  const id = await house.request('activate')
  await house.time.settle()
  const details = await theirs.retrieveActivationDetails({ hostId: UUID })
  assert.equal(details.operation, OperationType.ACTIVATE)
  assert.equal(details.hostId, UUID)
  assert.notEqual(details.actionPassword, '')
  assert.deepEqual(await theirs.retrieveActivationDetails({ hostId: UUID }), details, 'polling changes nothing')
  await theirs.reportActivationResults({ hostId: UUID, activationStatus: ActivationStatus.ACTIVATING })
  await assert.rejects(
    theirs.reportActivationResults({ hostId: UUID, activationStatus: ActivationStatus.ACTIVATING }),
    refused(Code.FailedPrecondition),
  )
  assert.equal((await house.record()).amtStatus.text, 'AMT Activation In Progress')
  let exitCode: number | undefined
  void house.rpc(details.profileName).then((code) => {
    exitCode = code
  })
  assert.equal(await house.end(id), 'succeeded')
  assert.equal(exitCode, 0)
  await assert.rejects(
    theirs.reportActivationResults({ hostId: UUID, activationStatus: ActivationStatus.ACTIVATED }),
    refused(Code.FailedPrecondition),
  )
  await assert.rejects(
    theirs.retrieveActivationDetails({ hostId: UUID }),
    refused(Code.FailedPrecondition, /PROVISIONED/),
  )
  await house.close()
})

test('existing agents: status and results that cannot be have the codes they know', async () => {
  const house = await inhabited()
  const { theirs } = house.clients()
  const status = (value: deviceManagement.AMTStatus, feature = '') =>
    theirs.reportAMTStatus({ hostId: UUID, status: value, feature })
  await assert.rejects(status(AMTStatus.UNKNOWN), refused(Code.InvalidArgument))
  await assert.rejects(status(AMTStatus.ENABLED, 'XYZ'), refused(Code.InvalidArgument, /Invalid AMT feature: XYZ/))
  await status(AMTStatus.ENABLED, 'ISM')
  assert.equal((await house.record()).detection?.support, 'ism')
  await assert.rejects(status(AMTStatus.ENABLED, 'AMT'), refused(Code.FailedPrecondition, /already enabled/))
  await status(AMTStatus.DISABLED)
  assert.equal((await house.record()).detection?.support, 'unsupported')
  await assert.rejects(status(AMTStatus.DISABLED), refused(Code.FailedPrecondition))
  await assert.rejects(
    theirs.reportActivationResults({ hostId: UUID, activationStatus: ActivationStatus.UNSPECIFIED }),
    refused(Code.InvalidArgument),
  )
  for (const call of [
    theirs.reportAMTStatus({ hostId: '' }),
    theirs.retrieveActivationDetails({ hostId: '' }),
    theirs.reportActivationResults({ hostId: '' }),
  ])
    await assert.rejects(call, refused(Code.InvalidArgument, /Host ID cannot be empty/))
  await house.close()
})

test('the alias of an order is in no event and in no record', async () => {
  const house = await inhabited()
  house.startAgent()
  const id = await house.request('activate')
  const { ours } = house.clients()
  const controller = new AbortController()
  const stream = ours.watchOrders({ hostUuid: UUID }, { signal: controller.signal })[Symbol.asyncIterator]()
  const order = stream.next()
  await house.end(id)
  controller.abort()
  const alias = (await order.catch(() => undefined))?.value?.order?.profileName ?? 'none'
  const told = JSON.stringify([house.events, await house.operation(id), await house.record()])
  assert.ok(!told.includes(alias) || alias === 'none')
  assert.doesNotMatch(told, /"t[0-9a-f]{16}"/)
  await house.close()
})
