import assert from 'node:assert/strict'
import { test } from 'node:test'
import { brokenLayers, importsOf } from './layers.ts'

test('every import keeps to the layers', () => {
  assert.deepEqual(brokenLayers(), [])
})

test('imports of every form are seen', () => {
  const source = `import { a } from 'one'
import type { B } from "two"
import 'three'
export * from './four.ts'
const x = await import('five')
import {
  long,
} from 'six'`
  assert.deepEqual(importsOf(source).sort(), ['./four.ts', 'five', 'one', 'six', 'three', 'two'])
})
