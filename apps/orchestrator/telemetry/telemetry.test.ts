import assert from 'node:assert/strict'
import { test } from 'node:test'
import { secret } from '@outrider/protocols/values'
import { createTelemetry } from './index.ts'

const setUp = (level: 'debug' | 'info' = 'info') => {
  const lines: Record<string, unknown>[] = []
  const telemetry = createTelemetry(level, { write: (line) => void lines.push(JSON.parse(line)) })
  return { lines, ...telemetry }
}

test('an event is one JSON line with its name, level and fields', () => {
  const { events, lines } = setUp()
  events.emit('cira.rejected', { reason: 'no-user', address: '192.0.2.1' })
  assert.equal(lines.length, 1)
  const { time, ...rest } = lines[0] ?? {}
  assert.deepEqual(rest, { level: 'warn', event: 'cira.rejected', reason: 'no-user', address: '192.0.2.1' })
  assert.ok(!Number.isNaN(Date.parse(String(time))))
})

test('events below the level are counted, not logged', async () => {
  const { events, lines, metrics } = setUp()
  for (const status of [200, 200, 404])
    events.emit('http.request', { method: 'GET', route: '/v1/x', status, milliseconds: 1 })
  assert.equal(lines.length, 0)
  const text = await metrics()
  assert.match(text, /outrider_http_request_total\{method="GET",route="\/v1\/x",status="200"\} 2/)
  assert.match(text, /outrider_http_request_total\{method="GET",route="\/v1\/x",status="404"\} 1/)
  assert.match(text, /process_resident_memory_bytes \d+/)
})

test('values of labels that come from outside do not make counters without end', async () => {
  const { events, lines, metrics } = setUp()
  for (let at = 0; at < 1000; at++)
    events.emit('agent.reported', { host: 'host-1', support: 'amt', reason: `${at}${'x'.repeat(500)}` })
  events.emit('agent.reported', { host: 'host-1', support: 'amt', reason: 'x'.repeat(500) })
  assert.equal(lines.length, 1001)
  const series = (await metrics()).split('\n').filter((line) => line.startsWith('outrider_agent_reported_total{'))
  assert.ok(series.length > 1 && series.length <= 201, String(series.length))
  assert.ok(series.every((line) => line.length < 250))
  const sum = series.map((line) => Number(line.split(' ').at(-1))).reduce((a, b) => a + b)
  assert.equal(sum, 1001)
})

test('two of them do not share counters', async () => {
  const one = setUp()
  const other = setUp()
  one.events.emit('agent.connected', { host: 'host-1' })
  assert.match(await one.metrics(), /outrider_agent_connected_total 1/)
  assert.match(await other.metrics(), /outrider_agent_connected_total 0/)
})

test('a secret that gets into a field by mistake is not printed', () => {
  const { events, lines } = setUp()
  events.emit('login.refused', { name: secret('hunter2') as unknown as string })
  assert.doesNotMatch(JSON.stringify(lines), /hunter2/)
})
