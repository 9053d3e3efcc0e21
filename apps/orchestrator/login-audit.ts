import type { ProjectId } from '@outrider/domain/identity'
import type { Clock, Inventory } from '@outrider/domain/ports'
import type { AuditLogin } from '@outrider/issuer'
import { auditBudget } from './audit-budget.ts'

/**
 * Logins on the audit of every project the account has a role in. What nobody's account is, the first project's
 * administrators are to see; that, and attempts at accounts that are locked, only so often.
 */
export const loginAudit = (
  inventory: () => Promise<{ readonly record: Inventory['record']; readonly firstProject: ProjectId }>,
  clock: Clock,
): AuditLogin => {
  const budget = auditBudget(clock)
  return async ({ subject = '', name, from, projects, fault }, signal) => {
    // Wrong passwords of an account are few: it is locked after some.
    const isBounded = subject !== '' && fault?.code !== 'LOGIN_LOCKED'
    if (!isBounded && !budget()) return
    const { record, firstProject } = await inventory()
    for (const project of projects.length === 0 ? [firstProject] : projects)
      await record(
        {
          at: clock.now(),
          project,
          subject,
          name,
          from,
          act: 'login',
          outcome: fault === undefined ? 'succeeded' : 'refused',
          ...(fault === undefined ? {} : { fault }),
        },
        signal,
      )
  }
}
