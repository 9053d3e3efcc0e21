import { conditionOf, type Host, type HostChange, withoutConditions } from '@outrider/domain/hosts'
import type { ProjectId } from '@outrider/domain/identity'
import { isOfPolicy, isPowerKind, type Operation, type OperationKind } from '@outrider/domain/operations'
import type { AuditEntry, InventoryTables } from '@outrider/domain/ports'
import { Fault, type FaultRecord } from '@outrider/protocols/values'
import { faults } from '../faults.ts'
import { operationIds } from '../ids.ts'
import { refusal, type Situation, type Wish } from '../operations/decide.ts'
import { amtKinds } from '../operations/kinds.ts'
import { fieldsOnRequest } from '../operations/legacy-fields.ts'
import type { InventoryParts } from './deps.ts'
import type { Notifier } from './notify.ts'
import { transact, writeHost } from './transact.ts'

/** Who asks, and from where. */
export interface Requester {
  readonly subject: string
  readonly name: string
  readonly from: string
}

/** What one write of a host asks for, computed from the row and what is pending on it. */
export interface HostEdit {
  /** Fields other than the desired ones. */
  readonly fields: HostChange
  /** Acts, in the order in which they are to be done. */
  readonly wishes: readonly Wish[]
  /** What the audit calls the write of the fields, where they are more than a part of an act. */
  readonly act?: string
}

export interface HostRequest {
  readonly project: ProjectId
  readonly id: string
  readonly requester: Requester
  /** What the audit calls a write without an act, e.g. `set-host`. */
  readonly act: string
  readonly idempotencyKey?: string
  /** May throw a fault: then nothing is written. Called again with fresh rows where somebody wrote meanwhile. */
  readonly edit: (host: Host, pending: readonly Operation[]) => HostEdit
  /** Instead of the configured span, for each operation of this request. */
  readonly deadlineMs?: number
}

export interface Requested {
  readonly host: Host
  /** One per wish; those of the first request where the idempotency key names it. */
  readonly operations: readonly Operation[]
  /** Set where an act was refused: then no act was queued and nothing of the host was written. */
  readonly refused?: Operation
}

const PENDING_READ = 200

/** Reads what `refusal` needs to know of a host's operations. */
export const situationOf = async (
  tables: InventoryTables,
  project: ProjectId,
  hostId: string,
  limit: number,
): Promise<Situation> => {
  const pending = await tables.operations.list(project, {
    hostId,
    lives: ['queued', 'running'],
    order: 'oldest',
    limit: PENDING_READ,
  })
  const [lastAmt] = (
    await tables.operations.list(project, {
      hostId,
      kinds: amtKinds,
      lives: ['queued', 'running', 'succeeded', 'failed'],
      limit: 1,
    })
  ).items
  return { pending: pending.items, limit, ...(lastAmt === undefined ? {} : { lastAmt }) }
}

/** Turns writes of hosts into operations, in one transaction each. */
export const createRequests = (parts: InventoryParts, notify: Notifier) => {
  const { store, clock, random, config } = parts
  const nextId = operationIds(clock, random)

  const spanOf = (kind: OperationKind): number => {
    if (isPowerKind(kind)) return config.powerDeadlineMs
    return kind === 'activate' ? config.activationDeadlineMs : config.deactivationDeadlineMs
  }

  const operationOf = (
    request: Pick<HostRequest, 'requester' | 'idempotencyKey' | 'deadlineMs'>,
    host: Host,
    wish: Wish,
    index: number,
    after: readonly Pick<Operation, 'deadline'>[],
    fault: FaultRecord | undefined,
  ): Operation => {
    const now = clock.now()
    // Those in front may take all of their time; this one's own begins after them.
    const begin = Math.max(now, ...after.map((operation) => operation.deadline))
    return {
      id: nextId(),
      project: host.project,
      hostId: host.id,
      kind: wish.kind,
      ...(wish.kind === 'activate' ? { controlMode: wish.controlMode ?? defaultMode(host) } : {}),
      ...(isPowerKind(wish.kind) ? { powerPolicy: host.powerPolicy } : {}),
      requester: request.requester,
      ...(request.idempotencyKey === undefined
        ? {}
        : { idempotencyKey: index === 0 ? request.idempotencyKey : `${request.idempotencyKey} ${wish.kind}` }),
      life: fault === undefined ? 'queued' : 'refused',
      attempt: 0,
      epoch: 0,
      deadline: begin + (request.deadlineMs ?? spanOf(wish.kind)),
      memo: {},
      steps: [],
      ...(fault === undefined ? {} : { fault, endedAt: now }),
      createdAt: now,
      revision: 1,
    }
  }

  const audit = (
    request: HostRequest,
    act: string,
    outcome: AuditEntry['outcome'],
    more: Partial<AuditEntry>,
  ): AuditEntry => ({
    at: clock.now(),
    project: request.project,
    ...request.requester,
    act,
    hostId: request.id,
    outcome,
    ...more,
  })

  /** Inserts, or finds what the same key asked for before. Throws `IDEMPOTENCY_KEY_REUSED`. */
  const insert = async (tables: InventoryTables, operation: Operation) => {
    const inserted = await tables.operations.insert(operation)
    if (inserted === 'inserted') return { operation, replayed: false }
    const { existing } = inserted
    if (existing.hostId !== operation.hostId || existing.kind !== operation.kind)
      throw faults.IDEMPOTENCY_KEY_REUSED({ operation: existing.id })
    return { operation: existing, replayed: true }
  }

  const replayOf = (host: Host, operation: Operation): Requested => ({
    host,
    operations: [operation],
    ...(operation.life === 'refused' ? { refused: operation } : {}),
  })

  /**
   * Writes a host and queues what the write asks for. Throws `HOST_NOT_FOUND`, `HOST_EXISTS`,
   * `IDEMPOTENCY_KEY_REUSED`, `HOST_CONTENDED` and whatever `edit` throws. A refusal is returned.
   */
  const change = async (request: HostRequest, signal: AbortSignal): Promise<Requested> => {
    const { project, id } = request
    let fresh: Operation[] = []
    let wrote = false

    const work = async (tables: InventoryTables): Promise<Requested> => {
      fresh = []
      wrote = false
      const host = await tables.hosts.get(project, { id })
      if (host === undefined) throw faults.HOST_NOT_FOUND({ host: id })
      const situation = await situationOf(tables, project, id, config.pendingPerHost)
      const edited = request.edit(host, situation.pending)
      const { fields, wishes } = edited

      const planned: Operation[] = []
      for (const [index, wish] of wishes.entries()) {
        // Each wish is judged as if those before it were queued already.
        const ahead = [...situation.pending, ...planned]
        const fault = refusal(host, wish, { ...situation, pending: ahead })?.record()
        const operation = operationOf(request, { ...host, ...fields }, wish, index, ahead, fault)
        if (fault === undefined) {
          planned.push(operation)
          continue
        }
        const written = await insert(tables, operation)
        if (written.replayed) return replayOf(host, written.operation)
        await tables.audit.append(audit(request, wish.kind, 'refused', { operationId: operation.id, fault }))
        fresh = [operation]
        return { host, operations: [operation], refused: operation }
      }

      // Whoever asks for something has seen that the policy gave up: it may begin anew.
      const anew = wishes.length > 0 && !isOfPolicy(request.requester) && conditionOf(host, 'policy-gave-up')
      let changes: HostChange = {
        ...(anew ? { conditions: withoutConditions(host, 'policy-gave-up') } : {}),
        ...fields,
      }
      let row: Host = { ...host, ...changes }
      const pending: Operation[] = [...situation.pending]
      for (const operation of planned) {
        const written = await insert(tables, operation)
        if (written.replayed) {
          if (fresh.length > 0) throw faults.IDEMPOTENCY_KEY_REUSED({ operation: written.operation.id })
          return replayOf(host, written.operation)
        }
        fresh.push(operation)
        const legacy = fieldsOnRequest(row, operation.kind, pending, clock.now())
        changes = { ...changes, ...legacy }
        row = { ...row, ...legacy }
        pending.push(operation)
        await tables.audit.append(audit(request, operation.kind, 'requested', { operationId: operation.id }))
      }
      if (Object.keys(changes).length === 0) return { host, operations: fresh }
      if (planned.length === 0 || edited.act !== undefined)
        await tables.audit.append(audit(request, edited.act ?? request.act, 'succeeded', {}))
      const written = await writeHost(tables, host, changes, clock.now())
      wrote = true
      return { host: written, operations: fresh }
    }

    const outcome = await transact(store, id, work, signal)
    if (wrote) notify.hostChanged(outcome.host)
    for (const operation of fresh) notify.requested(operation)
    return outcome
  }

  return {
    change,
    /** A queued operation as `change` makes one, behind those `ahead`. It is not stored yet. */
    operation: (request: Pick<HostRequest, 'requester'>, host: Host, wish: Wish, ahead: readonly Operation[]) =>
      operationOf(request, host, wish, 0, ahead, undefined),
  }
}
export type Requests = ReturnType<typeof createRequests>

const defaultMode = (host: Host): 'client' | 'admin' => (host.desiredControlMode === 'admin' ? 'admin' : 'client')

/** The fault of an operation that was refused. */
export const faultOf = (operation: Operation): Fault | undefined =>
  operation.fault === undefined ? undefined : new Fault(operation.fault)
