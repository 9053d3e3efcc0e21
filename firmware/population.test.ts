import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AMT_GeneralSettings } from '@outrider/protocols/amt'
import { Sweeper } from '@outrider/sessions/cira'
import { createAuthority } from './test/authority.ts'
import { activate, configureCira, deadline, host, local, machine, mps } from './test/bench.ts'

test('fifty devices in one process are set up and dial home, each for itself', async () => {
  const authority = await createAuthority('population root')
  await using server = await mps(await authority.issue('mps.example.com'))
  const sweeper = new Sweeper({ period: 50 })
  const devices = Array.from({ length: 50 }, () => machine({ sweeper }))
  await Promise.all(
    devices.map(async (firmware, number) => {
      await using os = await local(firmware)
      await activate(os, `Adm1n!Passw0rd${number}`)
      await configureCira(os, { root: authority.der, port: server.port })
    }),
  )
  const sessions = await Promise.all(devices.map(() => server.tunnel()))
  assert.equal(new Set(sessions.map(({ guid }) => guid)).size, 50)
  assert.equal(new Set(devices.map(({ device }) => device.store.now.settings.digestRealm)).size, 50)

  await Promise.all(
    sessions.map(async (session) => {
      const number = devices.findIndex(({ identity }) => identity.uuid === session.guid)
      const wsman = server.wsman(session, `Adm1n!Passw0rd${number}`)
      const { DigestRealm } = await wsman.get(AMT_GeneralSettings, {}, deadline())
      assert.equal(DigestRealm, devices[number]!.device.store.now.settings.digestRealm)
      wsman.close()
    }),
  )
  // One of them is unprovisioned by its own machine; nobody else notices.
  assert.equal(await host(devices[7]!).unprovision(deadline()), 'unprovisioned')
  const gone = sessions.find(({ guid }) => guid === devices[7]!.identity.uuid)!
  await gone.closed
  assert.equal(devices.filter(({ device }) => device.volatile.tunnel.at === 'connected').length, 49)
  await Promise.all(devices.map((firmware) => firmware.stop()))
})
