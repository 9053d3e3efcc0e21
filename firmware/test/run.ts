// `npm run test:firmware`: the firmware's tests, then which rules of its reference they held it to, and how often.
// Fails where a test fails, or where a rule that is built was not exercised.

import { globSync } from 'node:fs'
import { resolve } from 'node:path'
import { run } from 'node:test'
import { notBuilt, type Rule, readExercised, ruleBook } from './rule-book.ts'

const root = resolve(import.meta.dirname, '..')
const files = globSync('**/*.test.ts', { cwd: root, exclude: (name) => name.includes('node_modules') })
  .sort()
  .map((file) => resolve(root, file))

const print = (text: string): void => {
  process.stdout.write(`${text}\n`)
}

const counts = new Map<Rule, number>()
const failures: string[] = []
let passed = 0
let skipped = 0

const stream = run({ files, isolation: 'none', forceExit: true, timeout: 60_000 })
stream.on('test:diagnostic', ({ message }) => {
  const found = readExercised(message)
  if (found !== undefined) counts.set(found.rule, (counts.get(found.rule) ?? 0) + found.times)
})
stream.on('test:pass', ({ details, skip }) => {
  if (details.type === 'suite') return
  if (skip === undefined) passed++
  else skipped++
})
stream.on('test:fail', ({ name, file, details }) => {
  if (details.type === 'suite') return
  const { error } = details
  failures.push(`${name}\n  ${file ?? ''}\n  ${String(error.cause ?? error).replaceAll('\n', '\n  ')}`)
})
stream.resume()

stream.once('close', () => {
  const numbers: string[] = []
  const gaps: string[] = []
  let section = ''
  for (const [rule, [at, says]] of Object.entries(ruleBook) as [Rule, readonly [string, string]][]) {
    const chapter = at.split('.')[0]!
    if (chapter !== section) numbers.push('', titles[chapter] ?? chapter)
    section = chapter
    const times = counts.get(rule) ?? 0
    const missing = times === 0 && !notBuilt.includes(rule)
    if (missing) gaps.push(rule)
    numbers.push(`${at.padEnd(7)}${String(times).padStart(6)}  ${says}${missing ? '   <- not exercised' : ''}`)
  }
  print(`rules of amt-firmware.md exercised: section, how often, rule\n${numbers.join('\n')}\n`)
  for (const failure of failures) print(`FAILED ${failure}\n`)
  const total = [...counts.values()].reduce((sum, times) => sum + times, 0)
  print(
    `${passed} tests passed, ${failures.length} failed, ${skipped} skipped; ${counts.size} of ${Object.keys(ruleBook).length} rules exercised ${total} times`,
  )
  process.exit(failures.length === 0 && gaps.length === 0 ? 0 : 1)
})

const titles: Readonly<Record<string, string>> = {
  9: '9  activation',
  10: '10  power and boot',
  19: '19  the self-test list',
}
