// The process that crash.test.ts kills: writes ahead and promotes for ever, and says each thing once it is durable.

import { writeSync } from 'node:fs'
import { guid, Secret } from '@outrider/protocols/values'
import { openSecretsFile } from '../index.ts'

const [path, keyPath, round] = process.argv.slice(2) as [string, string, string]
const store = await openSecretsFile({ path, keyPath })
const signal = new AbortController().signal
const project = guid('11111111-1111-4111-8111-111111111111')

const writer = async (lane: number): Promise<void> => {
  for (let count = 0; ; count++) {
    const where = { kind: 'system', name: `lane-${lane}-${count % 5}` } as const
    const password = `plain-${round}-${lane}-${count}`
    const values = { PASSWORD: new Secret(password), NOTE: new Secret(project) }
    const { version } = await store.writePending(where, values, signal)
    writeSync(1, `${JSON.stringify({ name: where.name, pending: password, version })}\n`)
    await store.promote(where, version, signal)
    writeSync(1, `${JSON.stringify({ name: where.name, promoted: password, version })}\n`)
  }
}
await Promise.all([0, 1, 2, 3].map(writer))
