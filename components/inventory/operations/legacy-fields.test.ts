import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { Host } from '@outrider/domain/hosts'
import { type Operation, type OperationKind, type OperationLife, powerKinds } from '@outrider/domain/operations'
import { aHost, anOperation } from '@outrider/testing/ports'
import fc from 'fast-check'
import { familyOf } from './kinds.ts'
import { fieldsOnLife, fieldsOnRequest } from './legacy-fields.ts'

const kinds: readonly OperationKind[] = ['activate', 'deactivate', ...powerKinds]
const ends: readonly OperationLife[] = ['succeeded', 'failed', 'refused', 'cancelled']

/** Requests and ends in any order that a queue allows; operations of a host run one after the other. */
const story = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: fc.record({ request: fc.constantFrom(...kinds) }) },
    { weight: 3, arbitrary: fc.record({ end: fc.constantFrom(...ends) }) },
    { weight: 1, arbitrary: fc.record({ cancel: fc.nat({ max: 5 }) }) },
  ),
  { minLength: 1, maxLength: 30 },
)

/** The host and its ended operations after a story, with whatever is left in the queue ended well. */
type Step = { request: OperationKind } | { end: OperationLife } | { cancel: number }
const play = (steps: readonly Step[]) => {
  const agreed = {
    currentPower: 'on',
    desiredPower: 'on',
    currentAmt: 'provisioned',
    desiredAmt: 'provisioned',
  } as const
  let host: Host = aHost(1, agreed)
  const queue: Operation[] = []
  const ended: Operation[] = []
  let at = 0
  const end = (life: OperationLife): void => {
    const queued = queue.shift()
    if (queued === undefined) return
    at++
    let before = queued
    if (life === 'succeeded' || life === 'failed') {
      before = { ...queued, life: 'running' }
      host = { ...host, ...fieldsOnLife(host, queued, before, queue, at) }
    }
    const after = { ...before, life }
    host = { ...host, ...fieldsOnLife(host, before, after, queue, at) }
    ended.push(after)
  }
  for (const step of steps) {
    at++
    if ('end' in step) end(step.end)
    else if ('cancel' in step) {
      const [queued] = queue.splice(step.cancel, 1)
      if (queued === undefined) continue
      const after: Operation = { ...queued, life: 'cancelled' }
      host = { ...host, ...fieldsOnLife(host, queued, after, queue, at) }
      ended.push(after)
    } else {
      const operation = anOperation(at, { kind: step.request, life: 'queued' })
      host = { ...host, ...fieldsOnRequest(host, operation.kind, queue, at) }
      queue.push(operation)
    }
  }
  while (queue.length > 0) end('succeeded')
  return { host, ended }
}

it('when all has ended, no status line says that something is under way', () => {
  fc.assert(
    fc.property(story, (steps) => {
      const { host } = play(steps)
      for (const line of [host.amtStatus, host.powerStatus]) assert.notEqual(line.indicator, 'in-progress')
    }),
  )
})

it('desired and current agree where the last act of their family succeeded, was refused or was cancelled', () => {
  fc.assert(
    fc.property(story, (steps) => {
      const { host, ended } = play(steps)
      const failed = (family: 'amt' | 'power') =>
        ended.findLast(({ kind }) => familyOf(kind) === family)?.life === 'failed'
      if (!failed('amt')) assert.equal(host.desiredAmt, host.currentAmt)
      if (!failed('power')) assert.equal(host.desiredPower, host.currentPower)
    }),
  )
})

it('watchers of the reset fields see a change for each reset that is asked for', () => {
  fc.assert(
    fc.property(story, (steps) => {
      let last = aHost(1).desiredPower
      let host: Host = aHost(1)
      for (const [at, step] of steps.entries())
        if ('request' in step) {
          host = { ...host, ...fieldsOnRequest(host, step.request, [], at) }
          if (step.request === 'reset') assert.notEqual(host.desiredPower, last)
          last = host.desiredPower
        }
    }),
  )
})
