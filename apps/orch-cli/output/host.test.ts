import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { HostView } from '../api.ts'
import { hostSheet, hostTable } from './host.ts'

test('nothing a machine says of itself steers the terminal', () => {
  const said = '\u001b[2J\u009b31m'
  const facts = { reason: said, reasonMessage: said, amtVersion: said, amtUuid: said, power: said, controlMode: said }
  const host: HostView = {
    resourceId: 'host-00000001',
    name: said,
    serialNumber: said,
    hostStatus: said,
    outrider: facts,
  }
  const shown = [...hostSheet(host, (_, text) => text), ...hostTable([host], true, (_, text) => text)].join('\n')
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters to be rid of.
  assert.doesNotMatch(shown, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/)
})
