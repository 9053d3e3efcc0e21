import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Fault } from '@outrider/protocols/values'
import { faults } from './faults.ts'
import { whileAway } from './while-away.ts'

const cli = { paint: (_: string, text: string) => text, signal: new AbortController().signal }
const away = () => faults.CLI_UNREACHABLE({ endpoint: 'https://localhost:1', why: 'ECONNREFUSED' })

test('what the orchestrator did not hear is asked again, and said once', async () => {
  const said: string[] = []
  let tries = 0
  const done = await whileAway(
    cli,
    (line) => said.push(line),
    async () => {
      if (++tries < 3) throw away()
      return tries
    },
  )
  assert.equal(done, 3)
  assert.deepEqual(
    said.map((line) => line.split(' ').slice(0, 4).join(' ')),
    ['the orchestrator does not', 'the orchestrator answers again'],
  )
})

test('an answer is an answer, and the end of patience is the end', async () => {
  const refused = new Fault({ kind: 'conflict', code: 'X', message: '', remedy: '' })
  let tries = 0
  await assert.rejects(
    whileAway(
      cli,
      () => undefined,
      async () => {
        tries++
        throw refused
      },
    ),
    { code: 'X' },
  )
  assert.equal(tries, 1)
  await assert.rejects(
    whileAway(
      cli,
      () => undefined,
      async () => {
        tries++
        throw away()
      },
      () => (tries > 1 ? faults.CLI_WAIT_OVER({ operation: 'op-1', seconds: 1 }) : undefined),
    ),
    { code: 'CLI_WAIT_OVER' },
  )
  assert.equal(tries, 2)
})
