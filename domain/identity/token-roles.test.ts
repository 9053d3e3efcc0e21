import assert from 'node:assert/strict'
import { test } from 'node:test'
import { roles } from '@outrider/protocols/rest'
import { guid } from '@outrider/protocols/values'
import { parseTokenRole, tokenRole } from './token-roles.ts'

const project = guid('7d1a0f0a-3c0e-4a0e-8a4e-0d3b8a1c2b3d')

test('each role is written into a token and read back', () => {
  for (const role of roles) assert.deepEqual(parseTokenRole(tokenRole(project, role)), { project, role })
})

test('roles of other systems in the same token are passed over', () => {
  for (const text of [
    '',
    'offline_access',
    `${project}`,
    `${project}_`,
    `${project}_owner`,
    `_${project}_im-r`,
    `${project}-im-r`,
    `${'x'.repeat(36)}_im-r`,
  ])
    assert.equal(parseTokenRole(text), undefined, text)
})
