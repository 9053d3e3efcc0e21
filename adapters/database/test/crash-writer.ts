// The process that file.test.ts kills: registers one tagged device after another, each in one transaction over two
// tables, and says which was the last that is committed.

import { writeSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { guid } from '@outrider/protocols/values'
import { openDatabase } from '../index.ts'

const clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: (span: number, signal: AbortSignal) => setTimeout(span, undefined, { signal }),
}
const project = guid('11111111-1111-4111-8111-111111111111')
const { devices } = await openDatabase({ path: process.argv[2] as string }, { clock })
const signal = new AbortController().signal
for (let n = await devices.count([project], {}, signal); ; n++) {
  const device = guid(`d12428be-9fa1-4226-9784-${n.toString(16).padStart(12, '0')}`)
  await devices.put({ guid: device, project, tags: ['tagged'], mpsUsername: 'admin', connected: false }, signal)
  writeSync(1, `${n + 1};\n`)
}
