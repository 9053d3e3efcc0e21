import assert from 'node:assert/strict'
import { it } from 'node:test'
import { Value } from 'typebox/value'
import { inventoryConfig, inventoryDefaults } from './config.ts'

it('the defaults in code are the documented ones', () => {
  assert.deepEqual(Value.Default(inventoryConfig, {}), inventoryDefaults)
})
