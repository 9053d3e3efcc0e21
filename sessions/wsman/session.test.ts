import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { suite, type TestContext, test } from 'node:test'
import {
  AMT_BootSettingData,
  AMT_GeneralSettings,
  AMT_RemoteAccessPolicyRule,
  AMT_SetupAndConfigurationService,
  AMT_TLSCredentialContext,
  CIM_PowerManagementService,
  IPS_HostBasedSetupService,
  MANAGED_SYSTEM,
} from '@outrider/protocols/amt'
import { faultTable, secret, utf8 } from '@outrider/protocols/values'
import {
  type AnyCimClass,
  encodeFault,
  type HttpResponse,
  HttpResponseReader,
  undeclared,
  writeSoapResponse,
} from '@outrider/protocols/wsman'
import type { HttpExchange } from './http-exchange.ts'
import { DATE, garbage, halves, ok, REALM, returned, ScriptedDevice, SERVER, twice } from './scripted-device.ts'
import { createWsmanSession, type WsmanSession, type WsmanSessionOptions } from './session.ts'

const never = new AbortController().signal
const admin = { username: 'admin', password: secret('P@ssw0rd') }
const HOST = 'd12428be-9fa1-4226-9784-54b2038beab6:16992'
const testFaults = faultTable({
  TEST_TUNNEL_GONE: { kind: 'unavailable', message: 'The tunnel of this test is gone.', remedy: 'None.' },
})

const start = (t: TestContext, more: Partial<WsmanSessionOptions> = {}): [ScriptedDevice, WsmanSession] => {
  const device = new ScriptedDevice()
  const session = createWsmanSession({
    way: { openStream: device.openStream },
    host: HOST,
    credentials: admin,
    deadlineMs: 5000,
    ...more,
  })
  t.after(() => {
    session.close()
    device.stop()
  })
  return [device, session]
}

const get = (session: WsmanSession, signal = never) => session.get(AMT_GeneralSettings, {}, signal)
const reset = (session: WsmanSession, signal = never) =>
  session.invoke(
    CIM_PowerManagementService,
    'RequestPowerStateChange',
    { PowerState: 10, ManagedElement: MANAGED_SYSTEM },
    signal,
  )
const proofs = (device: ScriptedDevice) => device.seen.map(({ connection, nonce, nc }) => [connection, nonce, nc])

suite('WS-MAN session: connection and digest', () => {
  test('one warm connection, one nonce, counted', async (t) => {
    const [device, session] = start(t)
    for (let i = 0; i < 3; i++) await get(session)
    assert.deepEqual(proofs(device), [
      [1, undefined, undefined],
      [2, 'nonce1', '00000001'],
      [2, 'nonce1', '00000002'],
      [2, 'nonce1', '00000003'],
    ])
    assert.deepEqual(
      device.done.map((seen) => seen.request.messageId),
      ['1', '2', '3'],
    )
  })

  test('the request is what an existing client sends', async (t) => {
    const [device, session] = start(t)
    await get(session)
    const [, { http }] = device.seen as [unknown, (typeof device.seen)[0]]
    assert.deepEqual(
      [http.method, http.target, http.headers.map(([name]) => name)],
      ['POST', '/wsman', ['authorization', 'host', 'content-length']],
    )
    assert.match(
      http.headers[0]![1],
      /^Digest username="admin",realm="Digest:\w+",nonce="nonce1",uri="\/wsman",qop="auth",response="\w{32}",nc="00000001",cnonce="\w+"$/,
    )
    assert.equal(http.headers[1]![1], HOST)
  })

  test('for a relay the body is chunked and each connection ends', async (t) => {
    const [device, session] = start(t, { framing: 'chunked', closeEach: true })
    await get(session)
    await get(session)
    assert.deepEqual(
      device.done[0]?.http.headers.map(([name]) => name),
      ['authorization', 'host', 'transfer-encoding', 'connection'],
    )
    assert.equal(device.connections, 3)
  })

  test('a nonce that went stale is replaced without a word, and the act is done once', async (t) => {
    const [device, session] = start(t)
    await get(session)
    device.nonce = 'nonce2'
    await reset(session)
    await reset(session)
    assert.deepEqual(proofs(device).slice(2), [
      [2, 'nonce1', '00000002'],
      [3, 'nonce2', '00000001'],
      [3, 'nonce2', '00000002'],
    ])
    assert.equal(device.done.filter((seen) => seen.request.operation.type === 'invoke').length, 2)
  })

  test('so is one that the device forgot without calling it stale', async (t) => {
    const [device, session] = start(t)
    await get(session)
    device.nonce = 'nonce2'
    device.refusal = () => ({ challenge: `Digest realm="${REALM}",nonce="nonce2",qop="auth"` })
    await reset(session)
    assert.equal(device.done.length, 2)
  })

  test('a wrong password costs one wrong digest', async (t) => {
    const [device, session] = start(t)
    device.password = 'other'
    device.refusal = () => ({ challenge: `Digest realm="${REALM}",nonce="${device.seen.length}",qop="auth"` })
    await assert.rejects(get(session), { code: 'WSMAN_UNAUTHORIZED', detail: { username: 'admin' } })
    assert.equal(device.seen.length, 2)
  })

  test('a device that calls every nonce stale is asked four times', async (t) => {
    const [device, session] = start(t)
    device.refusal = () => ({
      challenge: `Digest realm="${REALM}",nonce="n${device.seen.length}",stale="true",qop="auth"`,
    })
    await assert.rejects(get(session), { code: 'WSMAN_UNAUTHORIZED' })
    assert.equal(device.seen.length, 4)
  })

  for (const challenge of ['Basic realm="x"', 'Digest realm="x",nonce="y",algorithm=SHA-256', 'Negotiate']) {
    test(`the challenge ${challenge} cannot be answered`, async (t) => {
      const [device, session] = start(t)
      device.refusal = () => ({ challenge })
      await assert.rejects(get(session), { code: 'WSMAN_UNAUTHORIZED' })
      assert.equal(device.seen.length, 1)
    })
  }

  test('other credentials hold from the next request on', async (t) => {
    const [device, session] = start(t)
    await get(session)
    device.password = 'new'
    device.username = 'other'
    session.useCredentials({ username: 'other', password: secret('new') })
    await get(session)
    assert.deepEqual(proofs(device).at(-1), [2, 'nonce1', '00000002'])
  })

  test('a connection closed while idle is replaced before anything is written to it', async (t) => {
    const [device, session] = start(t)
    await get(session)
    device.hangUp()
    await new Promise(setImmediate)
    await reset(session)
    assert.deepEqual(proofs(device).slice(2), [[3, 'nonce1', '00000002']])
  })

  test('a connection that the device ends with its answer is not used again', async (t) => {
    const [device, session] = start(t)
    device.answer = (seen) => ({ bytes: ok(seen), end: true })
    await get(session)
    await new Promise(setImmediate)
    await get(session)
    assert.deepEqual(
      device.done.map((seen) => seen.connection),
      [2, 3],
    )
  })

  test('an answer in pieces of one byte is the same answer', async (t) => {
    const [device, session] = start(t)
    device.pieces = 1
    await get(session)
    await get(session)
    assert.equal(device.connections, 2)
  })

  test('bytes nobody asked for end the connection', async (t) => {
    const [device, session] = start(t)
    device.answer = (seen) => twice(ok(seen))
    await get(session)
    await get(session)
    assert.deepEqual(
      device.done.map((seen) => seen.connection),
      [2, 3],
    )
  })

  test('where there is no way to the device, its fault is what every call ends with', async (t) => {
    const [, session] = start(t, { way: { openStream: () => Promise.reject(testFaults.TEST_TUNNEL_GONE()) } })
    const results = await Promise.allSettled([get(session), reset(session), get(session)])
    for (const result of results) assert.equal(result.status === 'rejected' && result.reason.code, 'TEST_TUNNEL_GONE')
  })
})

suite('WS-MAN session: what goes wrong in between', () => {
  test('a read that a reused connection swallowed is asked again', async (t) => {
    const [device, session] = start(t)
    await get(session)
    let first = true
    device.answer = (seen) => {
      if (!first) return ok(seen)
      first = false
      return { cut: true }
    }
    await get(session)
    assert.deepEqual(
      device.done.map((seen) => [seen.connection, seen.request.messageId]),
      [
        [2, '1'],
        [2, '2'],
        [3, '2'],
      ],
    )
  })

  for (const [what, call] of [
    ['invoke', reset],
    ['put', (session: WsmanSession) => session.put(AMT_GeneralSettings, { HostName: 'a' }, {}, never)],
    ['create', (session: WsmanSession) => session.create(AMT_TLSCredentialContext, {}, never)],
    [
      'delete',
      (session: WsmanSession) => session.delete(AMT_RemoteAccessPolicyRule, { PolicyRuleName: 'Periodic' }, never),
    ],
  ] as const) {
    test(`${what} is never asked again once it was sent`, async (t) => {
      const [device, session] = start(t)
      await get(session)
      device.answer = () => ({ cut: true })
      await assert.rejects(call(session), { code: 'WSMAN_NO_REPLY', kind: 'timeout' })
      assert.equal(device.done.length, 2)
    })
  }

  test('a read on a new connection is not asked again', async (t) => {
    const [device, session] = start(t)
    device.answer = () => ({ cut: true })
    await assert.rejects(get(session), { code: 'WSMAN_NO_REPLY' })
    assert.equal(device.done.length, 1)
  })

  test('a device that swallows every read is not asked for ever', async (t) => {
    const [device, session] = start(t)
    await get(session)
    device.answer = () => ({ cut: true })
    await assert.rejects(get(session), { code: 'WSMAN_NO_REPLY' })
    assert.equal(device.done.length, 3)
  })

  test('half an answer is none', async (t) => {
    const [device, session] = start(t)
    await get(session)
    device.answer = (seen) => ({ bytes: halves(ok(seen)), end: true })
    await assert.rejects(get(session), { code: 'WSMAN_NO_REPLY' })
    device.answer = (seen) => ok(seen)
    await get(session)
  })

  test('silence ends with the deadline, and its connection with it', async (t) => {
    const [device, session] = start(t, { deadlineMs: 40 })
    await get(session)
    device.answer = () => undefined
    await assert.rejects(reset(session), { code: 'WSMAN_NO_REPLY', kind: 'timeout' })
    device.answer = (seen) => ok(seen)
    await get(session)
    assert.deepEqual(
      device.done.map((seen) => [seen.connection, seen.request.messageId]),
      [
        [2, '1'],
        [2, '2'],
        [3, '3'],
      ],
    )
  })

  test('half an answer and then silence ends with the deadline', async (t) => {
    const [device, session] = start(t, { deadlineMs: 40 })
    device.answer = (seen) => halves(ok(seen))
    await assert.rejects(get(session), { code: 'WSMAN_NO_REPLY' })
  })

  test('a way that is never there ends with the deadline', async (t) => {
    const openStream = (signal: AbortSignal) =>
      new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
    const [, session] = start(t, { way: { openStream }, deadlineMs: 40 })
    await assert.rejects(get(session), { code: 'WSMAN_NO_REPLY' })
  })

  test('the answer to another request is refused and its connection left', async (t) => {
    const [device, session] = start(t)
    device.answer = (seen) => ok(seen, undefined, '999')
    await assert.rejects(get(session), { code: 'WSMAN_MALFORMED' })
    device.answer = (seen) => ok(seen)
    await get(session)
    assert.deepEqual(
      device.done.map((seen) => seen.connection),
      [2, 3],
    )
  })

  for (const [what, bytes] of [
    ['not HTTP', garbage],
    ['a page', utf8('HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n<html></html>')],
    ['a status that is none of WS-MAN', utf8('HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n')],
    ['nothing at all in a whole answer', utf8('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')],
    ['a document type', writeSoapResponse({ status: 200, date: DATE, server: SERVER, xml: '<!DOCTYPE a><a/>' })],
  ] as const) {
    test(`${what} is not WS-MAN`, async (t) => {
      const [device, session] = start(t)
      device.answer = () => bytes
      await assert.rejects(get(session), { code: 'WSMAN_MALFORMED', kind: 'protocol' })
      device.answer = (seen) => ok(seen)
      await get(session)
      assert.equal(device.connections, 3)
    })
  }

  test('an answer that fits another operation is refused', async (t) => {
    const [device, session] = start(t)
    device.answer = (seen) => ok(seen, { type: 'delete' })
    await assert.rejects(get(session), { code: 'WSMAN_MALFORMED' })
  })

  test('SOAP faults', async (t) => {
    const [device, session] = start(t)
    for (const [subcode, code] of [
      ['DestinationUnreachable', 'WSMAN_NOT_FOUND'],
      ['AccessDenied', 'WSMAN_FAULT'],
      ['InternalError', 'WSMAN_FAULT'],
    ] as const) {
      device.answer = ({ request }) =>
        writeSoapResponse({
          status: 400,
          date: DATE,
          server: SERVER,
          xml: encodeFault({ relatesTo: request.messageId, messageId: 'uuid:1', subcode }),
        })
      await assert.rejects(get(session), (error: { code: string; detail: Record<string, unknown> }) => {
        assert.equal(error.code, code)
        if (code === 'WSMAN_FAULT') assert.equal(error.detail.subcode, subcode)
        return true
      })
    }
    assert.equal(device.connections, 2)
  })

  test('a cut with a fault of its own is what every call ends with', async (t) => {
    const device = new ScriptedDevice()
    const session = createWsmanSession({
      way: {
        openStream: async (signal) => {
          const stream = await device.openStream(signal)
          return {
            read: () => Promise.reject(testFaults.TEST_TUNNEL_GONE()),
            write: stream.write.bind(stream),
            close: stream.close.bind(stream),
          }
        },
      },
      host: HOST,
      credentials: admin,
      deadlineMs: 5000,
    })
    t.after(() => device.stop())
    await assert.rejects(reset(session), { code: 'TEST_TUNNEL_GONE' })
  })
})

suite('WS-MAN session: whoever waits', () => {
  test('is told at once when the session is closed, and whoever comes later too', async (t) => {
    const [device, session] = start(t)
    device.answer = () => undefined
    const waiting = [get(session), reset(session), session.enumerate(AMT_RemoteAccessPolicyRule, never)]
    const settled = Promise.allSettled(waiting)
    await device.saw(2)
    session.close(testFaults.TEST_TUNNEL_GONE())
    for (const result of await settled)
      assert.equal(result.status === 'rejected' && result.reason.code, 'TEST_TUNNEL_GONE')
    await assert.rejects(get(session), { code: 'TEST_TUNNEL_GONE' })
    session.close()
    assert.equal(device.done.length, 1)
  })

  test('may give up, whether it is their turn or not', async (t) => {
    const [device, session] = start(t)
    device.answer = () => undefined
    const first = new AbortController()
    const second = new AbortController()
    const running = assert.rejects(reset(session, first.signal), { name: 'Tired' })
    const queued = assert.rejects(reset(session, second.signal), { name: 'AbortError' })
    await device.saw(2)
    second.abort()
    await queued
    device.answer = (seen) => ok(seen)
    const next = get(session)
    first.abort(Object.assign(new Error('tired'), { name: 'Tired' }))
    await running
    await next
    assert.deepEqual(
      device.done.map((seen) => seen.request.operation.type),
      ['invoke', 'get'],
    )
    await assert.rejects(get(session, first.signal), { name: 'Tired' })
  })

  test('leaves nothing behind on their signal', async (t) => {
    const [, session] = start(t)
    const { signal } = new AbortController()
    await Promise.all([
      get(session, signal),
      get(session, signal),
      session.enumerate(AMT_RemoteAccessPolicyRule, signal),
    ])
    assert.equal(getEventListeners(signal, 'abort').length, 0)
  })

  test('waits for their turn, in order, one at a time', async (t) => {
    const [device, session] = start(t)
    let running = 0
    let most = 0
    device.answer = async (seen) => {
      most = Math.max(most, ++running)
      await new Promise(setImmediate)
      running--
      return ok(seen)
    }
    await Promise.all(Array.from({ length: 6 }, () => get(session)))
    assert.equal(most, 1)
    assert.deepEqual(
      device.done.map((seen) => seen.request.messageId),
      ['1', '2', '3', '4', '5', '6'],
    )
    session.setConcurrency(3)
    await Promise.all(Array.from({ length: 9 }, () => get(session)))
    assert.equal(most, 3)
    assert.equal(device.connections, 4)
    const counts = device.done.map((seen) => Number.parseInt(seen.nc!, 16)).sort((a, b) => a - b)
    assert.deepEqual(
      counts,
      Array.from({ length: 15 }, (_, i) => i + 1),
    )
  })

  test('is not passed over by one that failed', async (t) => {
    const [device, session] = start(t)
    device.answer = (seen) => (seen.request.messageId === '1' ? garbage : ok(seen))
    const [first, second] = await Promise.allSettled([get(session), get(session)])
    assert.deepEqual([first.status, second.status], ['rejected', 'fulfilled'])
  })
})

suite('WS-MAN session: operations', () => {
  const instance = (cls: AnyCimClass, name: string, value: string) => ({
    namespace: cls.uri,
    name: cls.name,
    attributes: [],
    children: [{ namespace: cls.uri, name, attributes: [], children: [], text: value }],
    text: '',
  })

  test('a refused method tells its return value by name', async (t) => {
    const [device, session] = start(t)
    const refuse = (value: number) => {
      device.answer = (seen) => {
        const { operation, resourceUri } = seen.request
        const method = operation.type === 'invoke' ? operation.method : ''
        return ok(seen, { type: 'invoke', method, output: returned(resourceUri, method, value) })
      }
    }
    refuse(2)
    await assert.rejects(
      session.invoke(
        IPS_HostBasedSetupService,
        'Setup',
        { NetAdminPassEncryptionType: 2, NetworkAdminPassword: secret('x') },
        never,
      ),
      {
        code: 'AMT_REFUSED',
        kind: 'device',
        detail: { method: 'IPS_HostBasedSetupService.Setup', returnValue: 2, status: 'INVALID_STATE' },
      },
    )
    refuse(16)
    await assert.rejects(session.invoke(AMT_SetupAndConfigurationService, 'CommitChanges', {}, never), {
      detail: { method: 'AMT_SetupAndConfigurationService.CommitChanges', returnValue: 16, status: 'NOT_PERMITTED' },
    })
    refuse(777)
    await assert.rejects(reset(session), { code: 'AMT_REFUSED', message: /UNKNOWN_777/ })
  })

  test('a Put writes back what was read, and returns what the device has', async (t) => {
    const [device, session] = start(t)
    const read = instance(AMT_BootSettingData, 'SomethingNew', '7')
    device.answer = (seen) =>
      seen.request.operation.type === 'get' ? ok(seen, { type: 'get', instance: read }) : ok(seen)
    const before = await session.get(AMT_BootSettingData, {}, never)
    const after = await session.put(AMT_BootSettingData, { ...before, UseSOL: true }, { InstanceID: 'x' }, never)
    const { operation, selectors } = device.done[1]!.request
    assert.deepEqual(selectors, { InstanceID: 'x' })
    assert.deepEqual(operation.type === 'put' && operation.instance.children.map((each) => [each.name, each.text]), [
      ['UseSOL', 'true'],
      ['SomethingNew', '7'],
    ])
    assert.deepEqual([after.UseSOL, after[undeclared] !== undefined], [true, true])
    device.answer = (seen) => ok(seen, { type: 'put' })
    assert.equal((await session.put(AMT_GeneralSettings, { HostName: 'kept' }, {}, never)).HostName, 'kept')
  })

  test('all pages of an enumeration are pulled', async (t) => {
    const [device, session] = start(t)
    const pages = ['a', 'b', 'c']
    device.answer = (seen) => {
      const { operation } = seen.request
      if (operation.type !== 'pull') return ok(seen)
      const name = pages.shift()!
      const items = [instance(AMT_RemoteAccessPolicyRule, 'PolicyRuleName', name)]
      return ok(
        seen,
        pages.length > 0
          ? { type: 'pull', items, context: `next ${name}`, end: false }
          : { type: 'pull', items, end: true },
      )
    }
    const rules = await session.enumerate(AMT_RemoteAccessPolicyRule, never)
    assert.deepEqual(
      rules.map((rule) => rule.PolicyRuleName),
      ['a', 'b', 'c'],
    )
    assert.deepEqual(
      device.done.map(({ request: { operation } }) => (operation.type === 'pull' ? operation.context : operation.type)),
      ['enumerate', '01000000-0000-0000-0000-000000000000', 'next a', 'next b'],
    )
  })

  for (const [what, end] of [
    ['no end and no context', { end: false }],
    ['an end and a context', { end: true, context: 'more?' }],
  ] as const) {
    test(`a page with ${what} is the last`, async (t) => {
      const [device, session] = start(t)
      device.answer = (seen) =>
        seen.request.operation.type === 'pull' ? ok(seen, { type: 'pull', items: [], ...end }) : ok(seen)
      assert.deepEqual(await session.enumerate(AMT_RemoteAccessPolicyRule, never), [])
      assert.equal(device.done.length, 2)
    })
  }

  test('an enumeration that never ends is ended', async (t) => {
    const [device, session] = start(t)
    device.answer = (seen) =>
      seen.request.operation.type === 'pull'
        ? ok(seen, { type: 'pull', items: [], context: 'more', end: false })
        : ok(seen)
    await assert.rejects(session.enumerate(AMT_RemoteAccessPolicyRule, never), { code: 'WSMAN_MALFORMED' })
  })

  test('an enumeration the device forgot is begun anew, once', async (t) => {
    const [device, session] = start(t)
    let forget = 1
    device.answer = (seen) => {
      if (seen.request.operation.type !== 'pull' || forget-- <= 0) return ok(seen)
      const xml = encodeFault({
        relatesTo: seen.request.messageId,
        messageId: 'x',
        subcode: 'InvalidEnumerationContext',
      })
      return writeSoapResponse({ status: 400, date: DATE, server: SERVER, xml })
    }
    assert.equal((await session.enumerate(AMT_RemoteAccessPolicyRule, never)).length, 1)
    assert.equal(device.done.length, 4)
    forget = 2
    await assert.rejects(session.enumerate(AMT_RemoteAccessPolicyRule, never), { code: 'WSMAN_FAULT' })
  })

  test('a text no XML can carry is refused and nothing sent', async (t) => {
    const [device, session] = start(t)
    await assert.rejects(session.put(AMT_GeneralSettings, { HostName: 'a\u0000' }, {}, never), {
      code: 'WSMAN_UNWRITABLE',
    })
    assert.equal(device.seen.length, 0)
  })
})

suite('WS-MAN session over a relay', () => {
  /** A relay that brings answers as messages, late ones included. */
  const relay = (device: ScriptedDevice): HttpExchange & { late: HttpResponse[] } => {
    const late: HttpResponse[] = []
    return {
      late,
      async send(request, isAnswer, signal) {
        const stream = await device.openStream(signal)
        await stream.write(request, signal)
        const reader = new HttpResponseReader()
        for (const response of late.splice(0)) if (isAnswer(response)) return response
        for (;;) {
          const response = reader.next()
          if (response !== undefined) {
            stream.close()
            return response
          }
          const chunk = await stream.read(signal)
          if (chunk === undefined) throw new Error('the device hung up')
          reader.push(chunk)
        }
      },
      discard() {},
      close() {},
    }
  }

  test('one exchange a request, and late answers to others are passed over', async (t) => {
    const device = new ScriptedDevice()
    t.after(() => device.stop())
    const exchange = relay(device)
    const session = createWsmanSession({
      way: { exchange },
      host: HOST,
      credentials: admin,
      deadlineMs: 5000,
      framing: 'chunked',
      closeEach: true,
    })
    t.after(() => session.close())
    await get(session)
    const stale = new HttpResponseReader()
    stale.push(ok(device.done[0]!))
    exchange.late.push(stale.next()!)
    await get(session)
    assert.deepEqual(
      device.done.map((seen) => [seen.request.messageId, seen.nc]),
      [
        ['1', '00000001'],
        ['2', '00000002'],
      ],
    )
  })
})
