import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AuditEntry } from '@outrider/domain/ports'
import { guid } from '@outrider/protocols/values'
import { aGuid, aHost, eventually, manualClock, otherProject, project } from '@outrider/testing/ports'
import { provisioningAudit } from './provisioning-audit.ts'
import { recordedEvents } from './test/recorded-events.ts'

const fault = { kind: 'denied', code: 'TICKET_REFUSED', message: 'No.', remedy: 'Ask.' } as const

test('a provisioning client that is turned away is on the audit of whose machine it is, and once for many tries', async () => {
  const entries: AuditEntry[] = []
  const events = recordedEvents()
  const clock = manualClock()
  let away = false
  const tell = provisioningAudit(
    {
      projects: async () => [
        { id: project, name: 'one' },
        { id: otherProject, name: 'two' },
      ],
      host: async (id) => (id === otherProject ? aHost(1) : undefined),
      record: async (entry) => {
        if (away) throw new Error('no disk')
        entries.push(entry)
      },
    },
    project,
    { clock, events },
  )
  for (let tries = 0; tries < 5; tries++) tell({ fault, guid: aGuid(7), from: '192.0.2.1' })
  tell({ fault, guid: '', from: '192.0.2.1' })
  await eventually(() => entries.length === 2)
  const shown = entries.map((entry) => [entry.project, entry.guid, entry.act, entry.outcome, entry.fault?.code])
  assert.deepEqual(shown.sort(), [
    [project, undefined, 'provision', 'refused', 'TICKET_REFUSED'],
    [otherProject, guid(aGuid(7)), 'provision', 'refused', 'TICKET_REFUSED'],
  ])
  clock.advance(11 * 60_000)
  tell({ fault, guid: aGuid(7), from: '192.0.2.1' })
  await eventually(() => entries.length === 3)
  away = true
  tell({ fault, guid: aGuid(8), from: '192.0.2.1' })
  await eventually(() => events.of('service.error').length === 1)
})

test('who makes up devices does not fill the audit', async () => {
  let entries = 0
  const inventory = { projects: async () => [], host: async () => undefined, record: async () => void entries++ }
  const tell = provisioningAudit(inventory, project, { clock: manualClock(), events: recordedEvents() })
  for (let tries = 0; tries < 200; tries++) tell({ fault, guid: aGuid(tries), from: '192.0.2.1' })
  await eventually(() => entries === 60)
})
