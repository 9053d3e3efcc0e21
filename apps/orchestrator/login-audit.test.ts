import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AuditEntry } from '@outrider/domain/ports'
import { manualClock, project } from '@outrider/testing/ports'
import { loginAudit } from './login-audit.ts'

const signal = new AbortController().signal

test('the audit is not filled by who has no account, or tries a locked one; of others it leaves nothing out', async () => {
  const entries: AuditEntry[] = []
  const clock = manualClock()
  const record = async (entry: AuditEntry) => void entries.push(entry)
  const audit = loginAudit(async () => ({ record, firstProject: project }), clock)
  const attempt = (code: string | undefined, subject?: string) => {
    const fault =
      code === undefined ? {} : { fault: { kind: 'auth', code, message: '', remedy: '', detail: {} } as const }
    return audit({ subject, name: 'x', from: '', projects: [], ...fault }, signal)
  }
  for (let times = 0; times < 100; times++) {
    await attempt('LOGIN_WRONG')
    await attempt('LOGIN_LOCKED', 'admin')
    await attempt('LOGINS_BUSY')
  }
  assert.equal(entries.length, 60)
  await attempt('LOGIN_WRONG', 'admin')
  await attempt(undefined, 'admin')
  assert.equal(entries.length, 62)
  clock.advance(60_000)
  await attempt('LOGIN_LOCKED', 'admin')
  assert.equal(entries.length, 63)
})
