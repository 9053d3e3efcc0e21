import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import { AMT_GeneralSettings, AMT_RemoteAccessService } from '@outrider/protocols/amt'
import type { Firmware, FirmwareOptions } from '../index.ts'
import { type Authority, createAuthority } from '../test/authority.ts'
import {
  activate,
  type CiraSetup,
  configureCira,
  deadline,
  host,
  local,
  type Mps,
  machine,
  mps,
  tunnelAt,
} from '../test/bench.ts'
import { exercised } from '../test/rule-book.ts'

const NAME = 'mps.example.com'

describe('the tunnel', () => {
  let authority: Authority
  before(async () => {
    authority = await createAuthority('tunnel root')
  })

  /** A device with a CIRA configuration for `server`. */
  const configured = async (
    server: Mps,
    setup: Partial<CiraSetup> = {},
    options: Partial<FirmwareOptions> = {},
  ): Promise<Firmware> => {
    const firmware = machine(options)
    await using os = await local(firmware)
    await activate(os)
    await configureCira(os, { root: authority.der, port: server.port, ...setup })
    return firmware
  }
  const connected = (firmware: Firmware) => tunnelAt(firmware, ({ at }) => at === 'connected')
  const failed = (firmware: Firmware, reason: string) =>
    tunnelAt(firmware, (status) => status.at === 'waiting' && status.reason === reason && status.failures > 0)

  test('is not wanted by a device nobody configured', async () => {
    await using firmware = machine()
    await using os = await local(firmware)
    assert.equal(firmware.device.volatile.tunnel.reason, 'not provisioned')
    await activate(os)
    await os.wsman.get(AMT_GeneralSettings, {}, deadline())
    assert.equal(firmware.device.volatile.tunnel.reason, 'no policy')
  })

  test('offers the ports in the order firmware does, and is told to the host', async () => {
    await using server = await mps(await authority.issue(NAME))
    await using firmware = await configured(server)
    const session = await server.tunnel()
    await connected(firmware)
    assert.deepEqual(session.ports, [16992, 623, 16994, 5900])
    assert.deepEqual(await host(firmware).getRemoteAccess(deadline()), {
      network: 2,
      remote: 2,
      trigger: 2,
      mpsHost: '127.0.0.1',
    })
  })

  test('is not built to a server under a root that was not installed', async (t) => {
    exercised(t, 'self-3')
    const other = await createAuthority('another root')
    await using server = await mps(await other.issue(NAME))
    await using firmware = await configured(server)
    await failed(firmware, 'server certificate: untrusted')
    assert.equal(firmware.device.volatile.tunnel.at, 'waiting')
  })

  test('is not built to a server of another name', async (t) => {
    exercised(t, 'self-3')
    await using server = await mps(await authority.issue('other.example.com'))
    await using firmware = await configured(server)
    await failed(firmware, 'server certificate: wrong name')
  })

  test('takes the name it dials where that is no address', async () => {
    await using server = await mps(await authority.issue(NAME))
    await using firmware = await configured(server, { accessInfo: NAME, infoFormat: 201, cn: 'undefined' })
    await server.tunnel()
    await connected(firmware)
  })

  test('is not built while the clock of the device is wrong, and is once it is right', async () => {
    await using server = await mps(await authority.issue(NAME))
    await using firmware = machine()
    firmware.device.store.change(({ settings }) => {
      settings.time.offset = -10 * 86_400_000
    })
    {
      await using os = await local(firmware)
      await activate(os)
      await configureCira(os, { root: authority.der, port: server.port })
    }
    await failed(firmware, 'server certificate: not yet valid')
    firmware.device.store.change(({ settings }) => {
      settings.time.offset = 0
    })
    await connected(firmware)
  })

  test('is refused with a wrong password, and tried again', async (t) => {
    exercised(t, 'self-3')
    await using server = await mps(await authority.issue(NAME), { password: 'other' })
    await using firmware = await configured(server)
    await failed(firmware, 'CIRA_CREDENTIALS_REFUSED')
    await tunnelAt(firmware, ({ failures }) => failures >= 2)
    assert.ok(server.connections >= 2)
  })

  test('comes back when it was cut, again and again', async (t) => {
    exercised(t, 'self-3', 3)
    await using server = await mps(await authority.issue(NAME))
    await using firmware = await configured(server)
    for (let i = 0; i < 3; i++) {
      const session = await server.tunnel()
      await connected(firmware)
      if (i === 1) session.close()
      else firmware.device.tunnel.cut()
      await session.closed
      await tunnelAt(firmware, ({ at }) => at !== 'connected')
    }
    await server.tunnel()
  })

  test('stands while the machine is off', async () => {
    await using server = await mps(await authority.issue(NAME))
    await using firmware = await configured(server)
    const session = await server.tunnel()
    await connected(firmware)
    firmware.device.host.shutDown()
    assert.equal(firmware.device.store.now.host.power, 8)
    const wsman = server.wsman(session)
    await wsman.get(AMT_GeneralSettings, {}, deadline())
    wsman.close()
    assert.equal(firmware.device.volatile.tunnel.at, 'connected')
  })

  test('ends with the cable out and with AMT off, and starts again after', async () => {
    await using server = await mps(await authority.issue(NAME))
    await using firmware = await configured(server)
    const { store, tunnel } = firmware.device
    const change = (act: Parameters<typeof store.change>[0]) => {
      store.change(act)
      tunnel.reconsider()
    }
    await server.tunnel()
    await connected(firmware)
    for (const [off, on, reason] of [
      [
        (draft) => {
          draft.host.linkUp = false
        },
        (draft) => {
          draft.host.linkUp = true
        },
        'no network link',
      ],
      [
        (draft) => {
          draft.bios.enabled = false
        },
        (draft) => {
          draft.bios.enabled = true
        },
        'AMT is disabled',
      ],
    ] as readonly [Parameters<typeof store.change>[0], Parameters<typeof store.change>[0], string][]) {
      change(off)
      assert.equal(firmware.device.volatile.tunnel.reason, reason)
      change(on)
      await server.tunnel()
      await connected(firmware)
    }
  })

  test('a user may ask for one, and a request ends it', async () => {
    await using server = await mps(await authority.issue(NAME))
    await using firmware = await configured(server)
    await server.tunnel()
    await connected(firmware)
    await host(firmware).openUserInitiatedConnection(deadline())
    assert.equal(firmware.device.volatile.tunnel.at, 'connected')
    await using os = await local(firmware)
    os.as('admin', 'Adm1n!Passw0rd')
    const { ReturnValue } = await os.wsman.invoke(
      AMT_RemoteAccessService,
      'CloseRemoteAccessConnection',
      {},
      deadline(),
    )
    assert.equal(ReturnValue, 0)
  })

  for (const [what, afterBytes] of [
    ['refuse', 0],
    ['drop', 0],
    ['drop', 150],
    ['half-frame', 120],
    ['garbage', 100],
  ] as const)
    test(`is built at the second attempt where the first has: ${what} after ${afterBytes} bytes`, async () => {
      await using server = await mps(await authority.issue(NAME))
      await using firmware = await configured(
        server,
        {},
        { disturbances: [{ at: 'cira', what, afterBytes, times: 1 }] },
      )
      await server.tunnel()
      await connected(firmware)
    })

  test('an attempt that stalls ends by its deadline', async () => {
    await using server = await mps(await authority.issue(NAME))
    await using firmware = await configured(
      server,
      {},
      {
        disturbances: [{ at: 'cira', what: 'stall', afterBytes: 100, times: 1 }],
        timingOverrides: { connectDeadline: 300 },
      },
    )
    await failed(firmware, 'took too long')
    await connected(firmware)
  })
})
