import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer as createProxy } from 'node:http'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { before, describe, it } from 'node:test'
import { IPS_HostBasedSetupService } from '@outrider/protocols/amt'
import type { DevicePayload, Outcome } from '@outrider/protocols/rps'
import { text, utf8 } from '@outrider/protocols/values'
import { HttpResponseReader } from '@outrider/protocols/wsman'
import { createWsmanSession, type HttpExchange } from '@outrider/sessions/wsman'
import { type Authority, createAuthority } from '../../../firmware/test/authority.ts'
import { activate as activateLocally, local } from '../../../firmware/test/bench.ts'
import { deadline, machine, run, type ScriptedServer, serve } from './bench.ts'

const report = (
  fields: Partial<Record<'Status' | 'Network' | 'CIRAConnection' | 'TLSConfiguration', string>>,
): Outcome => ({
  is: 'report',
  report: { Status: '', Network: '', CIRAConnection: '', TLSConfiguration: '', ...fields },
})

const DONE = report({ Status: 'Client control mode.', CIRAConnection: 'Configured' })

const command = async (server: ScriptedServer) => await server.expect('command')

const device = async (server: ScriptedServer): Promise<DevicePayload> => (await command(server)).device

/** Something on loopback that answers where LMS would: on two ports that follow each other, as AMT has them. */
const lms = async (serveOne: (socket: Socket, turn: number) => void) => {
  let turn = 0
  const sockets = new Set<Socket>()
  const listening = async (port: number) => {
    const server = createServer((socket) => {
      sockets.add(socket)
      socket.on('error', () => {})
      serveOne(socket, turn++)
    })
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
    return server
  }
  for (;;) {
    const plain = await listening(0)
    const { port } = plain.address() as AddressInfo
    const tls = await listening(port + 1).catch(() => undefined)
    if (tls === undefined) {
      plain.close()
      continue
    }
    return {
      flags: ['--lmsaddress', '127.0.0.1', '--lmsport', String(port)],
      [Symbol.asyncDispose]: async () => {
        for (const socket of sockets) socket.destroy()
        for (const server of [plain, tls]) {
          server.close()
          await once(server, 'close')
        }
      },
    }
  }
}

const REQUEST = utf8('POST /wsman HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n')
const RESPONSE = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n'

/** The beginning of a TLS session, as far as the relay looks. */
const HELLO = Uint8Array.of(0x16, 3, 1, 0, 5, 0x01, 9, 9)

describe('activate', () => {
  it('describes the device and prints how it ended, in the words agents look for', async () => {
    await using firmware = machine({
      identity: { serial: 'R1', version: '16.1.25', build: '1885', pkiDnsSuffix: 'vprodemo.com.' },
    })
    let seen: DevicePayload | undefined
    let asked: unknown
    await using server = await serve(async (rps) => {
      const first = await command(rps)
      seen = first.device
      asked = [first.command, first.tenantId]
      rps.say({ type: 'progress', label: 'Activation completed' })
      rps.say({ type: 'success', outcome: DONE })
    })
    const result = await run(['activate', '-u', server.url, '--name', 'kiosk', '--tenantid', 't1'], firmware.engine, {
      env: { PROFILE: '0123' },
    })
    await server.done
    assert.equal(result.exit, 0, result.stderr)
    assert.deepEqual(asked, [{ verb: 'activate', profile: '0123', force: false }, 't1'])
    assert.ok(seen !== undefined)
    const { ver, build, sku, features, uuid, username, currentMode, hostname, fqdn, client, friendlyName } = seen
    assert.deepEqual(
      { ver, build, sku, features, uuid, username, currentMode, hostname, fqdn, client, friendlyName },
      {
        ver: '16.1.25',
        build: '1885',
        sku: '16392',
        features: 'AMT Pro Corporate',
        uuid: firmware.identity.uuid,
        username: '$$OsAdmin',
        currentMode: 0,
        hostname: 'node1',
        fqdn: 'vprodemo.com',
        client: 'RPC',
        friendlyName: 'kiosk',
      },
    )
    assert.ok(seen.certHashes.length > 0 && seen.certHashes.every((hash) => /^[0-9a-f]{40,96}$/.test(hash)))
    assert.equal(seen.progressSupported, true)
    for (const msg of [
      `connected to ${server.url}`,
      'Activation completed',
      'Status: Client control mode.',
      'CIRA: Configured',
      'Status: Device activated successfully via RPS',
    ])
      assert.ok(
        result.stderr.includes(`level=info msg=${JSON.stringify(msg)}`),
        `${msg} is missing in ${result.stderr}`,
      )
    assert.ok(!(result.stderr + result.stdout).includes(seen.password.reveal()), 'a secret is in the output')
  })

  it('prints the success as JSON where it is asked for', async () => {
    await using firmware = machine()
    await using server = await serve(async (rps) => {
      await command(rps)
      rps.say({ type: 'success', outcome: DONE })
    })
    const words = ['activate', '-u', server.url, '--profile', 'p', '--dns', 'd.example', '--json']
    const { stdout, stderr } = await run(words, firmware.engine)
    assert.deepEqual(JSON.parse(stdout), {
      status: 'success',
      message: 'Device activated successfully via RPS',
      rps_server: server.url,
      profile: 'p',
      friendly_name: '',
      device_info: { profile: 'p', dns: 'd.example', friendly_name: '' },
    })
    for (const line of stderr.trim().split('\n')) assert.ok(JSON.parse(line).msg)
  })

  it('lets a server set the device up: real WS-MAN over the relay into real firmware', async () => {
    await using firmware = machine()
    await using server = await serve(async (rps) => {
      const { username, password } = await device(rps)
      const exchange: HttpExchange = {
        send: async (request) => {
          rps.say({ type: 'wsman', payload: request })
          const { payload } = await rps.expect('response')
          const reader = new HttpResponseReader()
          reader.push(payload)
          const response = reader.next()
          assert.ok(response !== undefined && reader.idle, 'not one whole response')
          return response
        },
        discard: () => {},
        close: () => {},
      }
      using wsman = createWsmanSession({
        way: { exchange },
        host: 'device:16992',
        credentials: { username, password },
        deadlineMs: 5000,
        framing: 'chunked',
        concurrency: 1,
      })
      const before = await wsman.get(IPS_HostBasedSetupService, {}, deadline())
      assert.equal(before.CurrentControlMode, 0)
      await activateLocally({
        wsman,
        as: (user, secretText) => void [user, secretText],
        [Symbol.asyncDispose]: async () => {},
      })
      rps.say({ type: 'success', outcome: DONE })
    })
    const { exit, stderr } = await run(['activate', '-u', server.url, '--profile', 'p'], firmware.engine)
    await server.done
    assert.equal(exit, 0, stderr)
    assert.equal(firmware.counters.setup, 1)
  })

  it('ends with the text of a failure, and the code of its kind', async () => {
    await using firmware = machine()
    const failing = async (outcome: Outcome) => {
      await using server = await serve(async (rps) => {
        await command(rps)
        rps.say({ type: 'error', outcome })
      })
      return await run(['activate', '-u', server.url, '--profile', 'p'], firmware.engine)
    }
    const plain = await failing({ is: 'text', text: 'Device X does not match list of available AMT profiles.' })
    assert.equal(plain.exit, 10)
    assert.match(plain.stderr, /level=error msg="Device X does not match list of available AMT profiles\."/)
    assert.match(plain.stderr, /msg="rps returned error: Device X does not match/)

    const refused = await failing(report({ Status: 'Unable to authenticate with AMT' }))
    assert.equal(refused.exit, 100)
    assert.match(refused.stderr, /msg="Unable to authenticate with AMT"/)
    assert.match(refused.stderr, /Error 100: AMTAuthenticationFailed/)
  })

  it('needs the password of a device that is activated, from the environment or a file', async () => {
    await using firmware = machine()
    {
      await using os = await local(firmware)
      await activateLocally(os, 'Old!Passw0rd')
    }
    const url = 'ws://127.0.0.1:1/activate'
    const without = await run(['activate', '-u', url, '--profile', 'p'], firmware.engine)
    assert.equal(without.exit, 23)
    assert.match(without.stderr, /Error 23: MissingOrIncorrectPassword/)

    for (const more of [
      { env: { AMT_PASSWORD: 'Old!Passw0rd' } },
      { env: { AMT_PASSWORD_FILE: '/secret' }, readFile: async () => 'Old!Passw0rd\n' },
    ]) {
      let seen: DevicePayload | undefined
      await using server = await serve(async (rps) => {
        seen = await device(rps)
        rps.say({ type: 'success', outcome: DONE })
      })
      const { exit, stderr } = await run(['activate', '-u', server.url, '--profile', 'p'], firmware.engine, more)
      assert.equal(exit, 0)
      assert.equal(seen?.password.reveal(), 'Old!Passw0rd')
      assert.equal(seen?.currentMode, 1)
      assert.ok(!stderr.includes('Passw0rd'))
    }
  })

  it('enables AMT where BIOS has it off and lets it, and says why where not', async () => {
    await using firmware = machine()
    const off = (changeAllowed: boolean) =>
      firmware.device.store.change((draft) => {
        draft.bios = { enabled: false, changeAllowed }
      })
    off(true)
    await using server = await serve(async (rps) => {
      await command(rps)
      rps.say({ type: 'success', outcome: DONE })
    })
    const { exit, stderr } = await run(['activate', '-u', server.url, '--profile', 'p'], firmware.engine)
    assert.equal(exit, 0, stderr)
    assert.match(stderr, /AMT enabled successfully/)
    off(false)
    const barred = await run(['activate', '-u', server.url, '--profile', 'p'], firmware.engine)
    assert.equal(barred.exit, 111)
    assert.match(barred.stderr, /AMT is disabled in BIOS/)
  })

  it('refuses wrong usage with the code and the text of the field', async () => {
    await using firmware = machine()
    const url = 'wss://127.0.0.1:1/activate'
    for (const [words, code, line] of [
      [['activate', '-u', url], 21, /--profile is required for remote activation with ws\/wss URLs/],
      [['activate', '--profile', 'p'], 20, /--profile as a name requires --url with ws\/wss scheme/],
      [['activate'], 20, /specify either --url for remote activation or --local\/--ccm\/--acm/],
      [['activate', '-u', 'ftp://x', '--profile', 'p'], 20, /unsupported url scheme: ftp:\/\/x/],
      [['activate', '-u', 'https://x', '--profile', 'p'], 33, /fetched over http\(s\)/],
      [['activate', '-u', url, '--profile', 'p', '--local'], 33, /cannot specify both --local and --url flags/],
      [
        ['activate', '-u', url, '--profile', 'p', '--ccm'],
        33,
        /ccm flag is only valid for local activation, not with --url/,
      ],
      [['activate', '--local', '--ccm'], 33, /local activation/],
      [['activate', '--bogus'], 28, /unknown flag --bogus/],
      [['activate', '-u', url, '--profile', 'p', '--uuid', '00000000-0000-0000-0000-000000000000'], 37, /InvalidUUID/],
      [['activate', '-u', url, '--profile', 'p', '--ca-file', '/none'], 34, /\/none cannot be read/],
      [['deactivate'], 20, /-u flag is required when not using local mode/],
      [['deactivate', '--local', '-u', url], 33, /provide either a 'url' or a 'local', but not both/],
      [['deactivate', '-u', url, '--partial'], 33, /partial unprovisioning is only supported with local flag/],
    ] as const) {
      const { exit, stderr } = await run(words, firmware.engine)
      assert.equal(exit, code, `${words.join(' ')}: ${stderr}`)
      assert.match(stderr, line)
    }
    const exposed = await run(['deactivate', '--password', 'S3cret'], firmware.engine)
    assert.match(exposed.stderr, /level=warning msg="secrets on the command line/)
    assert.ok(!exposed.stderr.includes('S3cret'))
  })
})

describe('the way to the server', () => {
  let authority: Authority
  before(async () => {
    authority = await createAuthority('RPC test root')
  })

  it('is verified unless it is told not to', async () => {
    await using firmware = machine()
    const { certPem, keyPem } = await authority.issue('localhost', { asAlternativeName: true })
    await using server = await serve(
      async (rps) => {
        await command(rps)
        rps.say({ type: 'success', outcome: DONE })
      },
      { tls: { cert: certPem, key: keyPem } },
    )
    const url = `wss://localhost:${server.port}/activate`
    const words = ['activate', '-u', url, '--profile', 'p']
    const stranger = await run(words, firmware.engine)
    assert.equal(stranger.exit, 22)
    assert.match(stranger.stderr, /Error 22: ServerCerificateVerificationFailed/)

    const readFile = async () => authority.certPem
    assert.equal((await run([...words, '--ca-file', 'ca.pem'], firmware.engine, { readFile })).exit, 0)
    assert.equal((await run(words, firmware.engine, { readFile, env: { RPC_CA_FILE: 'ca.pem' } })).exit, 0)
    const misnamed = words.map((word) => word.replace('localhost', '127.0.0.1'))
    assert.equal((await run([...misnamed, '--ca-file', 'ca.pem'], firmware.engine, { readFile })).exit, 22)
    const unchecked = await run([...misnamed, '-n'], firmware.engine)
    assert.equal(unchecked.exit, 0)
    assert.match(unchecked.stderr, /the certificate of the server is not verified/)
  })

  it('goes through a proxy', async () => {
    await using firmware = machine()
    const { certPem, keyPem } = await authority.issue('localhost', { asAlternativeName: true })
    await using server = await serve(
      async (rps) => {
        await command(rps)
        rps.say({ type: 'success', outcome: DONE })
      },
      { tls: { cert: certPem, key: keyPem } },
    )
    const targets: string[] = []
    const proxy = createProxy()
    const ends = new Set<Duplex>()
    proxy.on('connect', (request, socket) => {
      ends.add(socket)
      targets.push(`${request.url} ${request.headers['proxy-authorization'] ?? ''}`)
      if (request.url?.startsWith('refused')) {
        socket.end('HTTP/1.1 403 Forbidden\r\n\r\n')
        return
      }
      const upstream = connect(server.port, '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 Connection established\r\n\r\n')
        upstream.pipe(socket).pipe(upstream)
      })
      ends.add(upstream)
      for (const end of [upstream, socket]) end.on('error', () => upstream.destroy())
    })
    proxy.listen(0, '127.0.0.1')
    await once(proxy, 'listening')
    const { port } = proxy.address() as AddressInfo
    const words = ['activate', '-u', `wss://localhost:${server.port}/activate`, '--profile', 'p']
    const readFile = async () => authority.certPem
    const through = ['--proxy', `http://user:word@127.0.0.1:${port}`, '--ca-file', 'ca']
    assert.equal((await run([...words, ...through], firmware.engine, { readFile })).exit, 0)
    assert.deepEqual(targets, [`localhost:${server.port} Basic ${Buffer.from('user:word').toString('base64')}`])
    const refused = await run(['activate', '-u', 'wss://refused.example/activate', '--profile', 'p'], firmware.engine, {
      env: { HTTPS_PROXY: `http://127.0.0.1:${port}` },
    })
    assert.equal(refused.exit, 10)
    assert.match(refused.stderr, /the proxy answered with status 403/)
    for (const end of ends) end.destroy()
    proxy.close()
    await once(proxy, 'close')
  })

  it('says what stands in it', async () => {
    await using firmware = machine()
    for (const [status, code] of [
      [401, 70],
      [404, 20],
      [503, 10],
    ] as const) {
      await using server = await serve(async () => {}, { status })
      assert.equal((await run(['activate', '-u', server.url, '--profile', 'p'], firmware.engine)).exit, code)
    }
    const nobody = await run(['activate', '-u', 'ws://127.0.0.1:1/activate', '--profile', 'p'], firmware.engine)
    assert.equal(nobody.exit, 10)
    assert.match(nobody.stderr, /cannot be reached: ECONNREFUSED/)
  })

  it('ends the run when the server goes, speaks nonsense, or the user interrupts', async () => {
    await using firmware = machine()
    const stop = new AbortController()
    const ends: readonly [(rps: ScriptedServer) => void, RegExp][] = [
      [(rps) => rps.close(), /rps connection closed unexpectedly/],
      [(rps) => rps.saySomething('nonsense'), /not a provisioning message/],
      [() => stop.abort(new Error('got SIGINT')), /interrupted by user/],
    ]
    for (const [end, line] of ends) {
      let gone: unknown = 'not asked'
      await using server = await serve(async (rps) => {
        await command(rps)
        end(rps)
        gone = await rps.hear()
      })
      const { exit, stderr } = await run(['activate', '-u', server.url, '--profile', 'p'], firmware.engine, {
        signal: AbortSignal.any([stop.signal, deadline()]),
      })
      assert.equal(exit, 10)
      assert.match(stderr, line)
      await server.done
      assert.equal(gone, undefined)
    }
  })
})

describe('relay', () => {
  const relaying = async (
    play: (rps: ScriptedServer) => Promise<void>,
    device: (socket: Socket, turn: number) => void,
    words: readonly string[] = [],
  ) => {
    await using firmware = machine()
    await using box = await lms(device)
    await using server = await serve(async (rps) => {
      await command(rps)
      await play(rps)
      rps.say({ type: 'success', outcome: DONE })
    })
    const result = await run(['activate', '-u', server.url, '--profile', 'p', ...box.flags, ...words], firmware.engine)
    await server.done
    assert.equal(result.exit, 0, result.stderr)
    return result
  }

  it('passes on whole responses, byte for byte, however they arrive', async () => {
    const asked: string[] = []
    await relaying(
      async (rps) => {
        for (let turn = 0; turn < 3; turn++) {
          rps.say({ type: 'wsman', payload: REQUEST })
          const { payload } = await rps.expect('response')
          assert.equal(text(payload), turn === 2 ? 'HTTP/1.1 200 OK\r\n\r\nuntil the end' : RESPONSE)
        }
      },
      (socket, turn) => {
        // The first connection is the probe for LMS.
        if (turn === 0) return
        socket.once('data', async (data) => {
          asked.push(data.toString())
          if (turn === 3) {
            socket.end('HTTP/1.1 200 OK\r\n\r\nuntil the end')
            return
          }
          for (const byte of RESPONSE) {
            socket.write(byte)
            await new Promise(setImmediate)
          }
        })
      },
    )
    assert.deepEqual(asked, Array(3).fill(text(REQUEST)))
  })

  it('says at once that the device hung up, or sent no HTTP', async () => {
    await relaying(
      async (rps) => {
        rps.say({ type: 'wsman', payload: REQUEST })
        assert.equal((await rps.expect('connection_reset')).reason, 'connection_closed')
        rps.say({ type: 'wsman', payload: REQUEST })
        assert.equal((await rps.expect('connection_reset')).reason, 'connection_closed')
        rps.say({ type: 'wsman', payload: REQUEST })
        assert.equal((await rps.expect('connection_reset')).reason, 'lms_error')
        rps.say({ type: 'wsman', payload: REQUEST })
        assert.equal(text((await rps.expect('response')).payload), RESPONSE)
      },
      (socket, turn) => {
        if (turn === 0) return
        socket.once('data', () => {
          if (turn === 1) socket.end()
          else if (turn === 2) socket.end(RESPONSE.slice(0, -10))
          else socket.write(turn === 3 ? 'I am a teapot\r\n\r\n' : RESPONSE)
        })
      },
    )
  })

  it('answers heartbeats, relays what a newer server calls otherwise, and ignores what has no payload', async () => {
    await relaying(
      async (rps) => {
        rps.say({ type: 'heartbeat_request', received: {} })
        const beat = await rps.expect('heartbeat_response')
        assert.equal(beat.received.status, 'success')
        rps.saySomething(JSON.stringify({ method: 'wsman2', payload: Buffer.from(REQUEST).toString('base64') }))
        assert.equal(text((await rps.expect('response')).payload), RESPONSE)
        rps.saySomething(JSON.stringify({ method: 'chatter', payload: null }))
      },
      (socket) => {
        socket.on('data', () => socket.write(RESPONSE))
      },
    )
  })

  it('serves requests in order, a heartbeat meanwhile', async () => {
    const release = Promise.withResolvers<void>()
    await relaying(
      async (rps) => {
        rps.say({ type: 'wsman', payload: REQUEST })
        rps.say({ type: 'wsman', payload: REQUEST })
        rps.say({ type: 'heartbeat_request', received: {} })
        await rps.expect('heartbeat_response')
        release.resolve()
        assert.match(text((await rps.expect('response')).payload), /turn1/)
        assert.match(text((await rps.expect('response')).payload), /turn2/)
      },
      (socket, turn) => {
        socket.once('data', async () => {
          await release.promise
          socket.write(`HTTP/1.1 200 OK\r\nX: turn${turn}\r\nContent-Length: 0\r\n\r\n`)
        })
      },
    )
  })

  it('passes TLS bytes both ways over one connection, a new one for each ClientHello', async () => {
    const received: string[] = []
    await relaying(
      async (rps) => {
        rps.say({ type: 'tls_data', payload: HELLO })
        assert.equal(text((await rps.expect('tls_data')).payload), 'turn1')
        rps.say({ type: 'tls_data', payload: utf8('more') })
        assert.equal(text((await rps.expect('tls_data')).payload), 'turn1')
        rps.say({ type: 'tls_data', payload: HELLO })
        assert.equal(text((await rps.expect('tls_data')).payload), 'turn2')
        rps.say({ type: 'tls_data', payload: utf8('end') })
        assert.equal((await rps.expect('connection_reset')).reason, 'connection_closed')
        // What belongs to a session that is over must not begin another connection.
        rps.say({ type: 'tls_data', payload: utf8('late') })
        assert.equal((await rps.expect('connection_reset')).reason, 'connection_closed')
      },
      (socket, turn) => {
        socket.on('data', (data) => {
          received.push(`${turn} ${data.length}`)
          if (data.toString() === 'end') socket.end()
          else socket.write(`turn${turn}`)
        })
      },
    )
    assert.deepEqual(received, ['1 8', '1 4', '2 8', '2 3'])
  })

  it('switches to another port when it is told to, and says when it is there', async () => {
    const { pauses } = await relaying(
      async (rps) => {
        rps.say({ type: 'port_switch', port: 16_993, delaySeconds: 15 })
        await rps.expect('port_switch_ack')
        rps.say({ type: 'tls_data', payload: HELLO })
        assert.equal(text((await rps.expect('tls_data')).payload), 'turn1')
        rps.say({ type: 'port_switch', port: 16_993, delaySeconds: 600 })
        await rps.expect('port_switch_ack')
      },
      (socket, turn) => {
        socket.on('data', () => socket.write(`turn${turn}`))
      },
    )
    // The longest a server may ask for is a minute.
    assert.deepEqual(pauses, [15_000, 60_000])
  })
})

describe('deactivate', () => {
  it('gives the password to the server and says that the device is deactivated', async () => {
    await using firmware = machine()
    {
      await using os = await local(firmware)
      await activateLocally(os, 'Old!Pass w0rd')
    }
    let asked: Awaited<ReturnType<typeof command>> | undefined
    await using server = await serve(async (rps) => {
      asked = await command(rps)
      rps.say({ type: 'success', outcome: report({ Status: 'Deactivated' }) })
    })
    const { exit, stderr } = await run(['deactivate', '-u', server.url, '-f'], firmware.engine, {
      env: { AMT_PASSWORD: 'Old!Pass w0rd' },
    })
    assert.equal(exit, 0)
    assert.ok(asked?.command.verb === 'deactivate')
    assert.equal(asked.command.password?.reveal(), 'Old!Pass w0rd')
    assert.ok(asked.command.force)
    assert.match(stderr, /msg="Status: Device deactivated"/)
    assert.ok(!stderr.includes('w0rd'))
  })

  it('unprovisions client control mode by itself, without a password, and looks', async () => {
    await using firmware = machine()
    const factory = await run(['deactivate', '--local'], firmware.engine)
    assert.equal(factory.exit, 109)
    assert.match(factory.stderr, /Deactivation failed\. Device control mode: not activated/)
    {
      await using os = await local(firmware)
      await activateLocally(os)
    }
    const { exit, stderr } = await run(['deactivate', '--local'], firmware.engine)
    assert.equal(exit, 0, stderr)
    assert.match(stderr, /msg="Status: Device deactivated"/)
    assert.equal(firmware.counters.unprovision, 1)
    assert.equal(firmware.device.store.now.settings.controlMode, 0)
  })

  it('leaves admin control mode with the password, and says when it is wrong or missing', async () => {
    await using firmware = machine()
    {
      await using os = await local(firmware)
      await activateLocally(os, 'Adm1n!Passw0rd')
    }
    firmware.device.store.change((draft) => {
      draft.settings.controlMode = 2
    })
    const words = ['deactivate', '--local']
    assert.equal((await run(words, firmware.engine)).exit, 23)
    const wrong = await run(words, firmware.engine, { env: { AMT_PASSWORD: 'wrong' } })
    assert.equal(wrong.exit, 100)
    assert.match(wrong.stderr, /Unable to authenticate with AMT/)
    assert.equal(firmware.counters.unprovision, 0)

    const { exit, stderr } = await run(words, firmware.engine, { env: { AMT_PASSWORD: 'Adm1n!Passw0rd' } })
    assert.equal(exit, 0, stderr)
    assert.equal(firmware.counters.unprovision, 1)
  })
})
