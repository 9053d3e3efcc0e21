// The embedded stores: what a write, a read and a page cost with a full house.
//
//   node --expose-gc bench/stores.ts [--count N]
//
// Prints one JSON line per measure: CPU and elapsed microseconds per unit, and for memory and files bytes per unit.
// `longest` is the longest the event loop was held while the measure ran, in milliseconds.

import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { openDatabase } from '../adapters/database/index.ts'
import { openSecretsFile } from '../adapters/secrets-file/index.ts'
import { secret } from '../protocols/values/index.ts'
import { aDevice, aGuid, aHost, anOperation, project } from '../testing/ports/index.ts'

const { values } = parseArgs({ options: { count: { type: 'string', default: '10000' } } })
const COUNT = Number(values.count)
const never = new AbortController().signal
const clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: (span: number, signal: AbortSignal) => setTimeout(span, undefined, { signal }),
}

const collect = globalThis.gc ?? (() => {})
const heap = (): number => {
  collect()
  collect()
  return process.memoryUsage().heapUsed
}
const print = (measure: string, numbers: Readonly<Record<string, number>>): void =>
  console.log(JSON.stringify({ measure, ...numbers }))

const measure = async (name: string, units: number, act: () => Promise<void>): Promise<void> => {
  const delay = monitorEventLoopDelay({ resolution: 1 })
  delay.enable()
  const [cpu, from] = [process.cpuUsage(), performance.now()]
  await act()
  const elapsed = performance.now() - from
  const { user, system } = process.cpuUsage(cpu)
  await setTimeout(5)
  delay.disable()
  const perUnit = (microseconds: number): number => Math.round((10 * microseconds) / units) / 10
  print(name, {
    units,
    cpu: perUnit(user + system),
    elapsed: perUnit(elapsed * 1000),
    longest: Math.round(delay.max / 1e6),
  })
}
const each = async (count: number, act: (n: number) => Promise<unknown>): Promise<void> => {
  for (let n = 0; n < count; n++) await act(n)
}

const folder = await mkdtemp(join(tmpdir(), 'bench-stores-'))

const config = { path: join(folder, 'secrets'), keyPath: join(folder, 'secrets.key') }
const device = (n: number) => ({ kind: 'device', project, guid: aGuid(n) }) as const
const passwords = (n: number) => ({
  AMT_PASSWORD: secret(`amt-${n}-P@ssw0rd`),
  MPS_PASSWORD: secret(`mps-${n}-P@ssw0rd`),
})
let secrets = await openSecretsFile(config)
const empty = heap()
await measure('secret put, all at once', COUNT, async () => {
  await Promise.all(Array.from({ length: COUNT }, (_, n) => secrets.put(device(n), passwords(n), undefined, never)))
})
print('secret in memory', { bytes: Math.round((heap() - empty) / COUNT) })
await measure('secret put, one by one', 1000, () =>
  each(1000, (n) => secrets.put(device(n), passwords(n), undefined, never)),
)
await measure('secret get', COUNT, () => each(COUNT, (n) => secrets.get(device(n), never)))
print('secret in the file', { bytes: Math.round((await stat(config.path)).size / COUNT) })
await secrets.close()
await measure('secret file open', 1, async () => {
  secrets = await openSecretsFile(config)
})
await secrets.close()

const database = await openDatabase({ path: join(folder, 'outrider.db') }, { clock })
const { inventory, devices, leases } = database
await measure('host and operation in one transaction', COUNT, () =>
  each(COUNT, (n) =>
    inventory.transaction(async ({ hosts, operations }) => {
      await hosts.insert(aHost(n))
      await operations.insert(anOperation(n, { hostId: aHost(n).id, life: n % 100 === 0 ? 'queued' : 'succeeded' }))
    }, never),
  ),
)
await measure('operation step', 1000, () =>
  each(1000, (n) =>
    inventory.transaction(
      ({ operations }) =>
        operations.update(project, anOperation(100 * (n % 10)).id, n, {
          addSteps: n < 300 ? [{ at: n, step: 'rpc-started', message: 'RPC runs on the machine.' }] : [],
        }),
      never,
    ),
  ),
)
await measure('host look-up', COUNT, () =>
  each(COUNT, (n) => inventory.transaction(({ hosts }) => hosts.get(project, { uuid: aGuid(n) }), never)),
)
await measure('page of 100 hosts', 200, () =>
  each(200, () => inventory.transaction(({ hosts }) => hosts.list(project, { limit: 100 }), never)),
)
await measure('active operations', 200, () =>
  each(200, () =>
    inventory.transaction(
      ({ operations }) => operations.list(project, { lives: ['queued', 'running'], limit: 100 }),
      never,
    ),
  ),
)
await measure('device put', COUNT, () => each(COUNT, (n) => devices.put(aDevice(n, { tags: ['plant'] }), never)))
await measure('device by GUID', COUNT, () => each(COUNT, (n) => devices.byGuid(aGuid(n), never)))
await measure('presence flush, per device', COUNT, () =>
  devices.flushSeen(
    Array.from({ length: COUNT }, (_, n) => ({ guid: aGuid(n), connected: true, mpsInstance: 'mps', lastSeen: n })),
    never,
  ),
)
await measure('device count', 200, () => each(200, () => devices.count([project], { connected: true }, never)))
await measure('lease acquire and release', 1000, () =>
  each(1000, async (n) => {
    const lease = await leases.acquire(`host/${n}`, 'bench', 10_000, never)
    await leases.release(lease!, never)
  }),
)
await database.close()
await rm(folder, { recursive: true })
