import assert from 'node:assert/strict'
import { it } from 'node:test'
import { otherProject, project } from '../fixtures.ts'
import { tx, type Using } from './using.ts'

export const projectTests = (using: Using): void => {
  it('finds a project by id and by name', () =>
    using((store) =>
      tx(store, async ({ projects }) => {
        assert.equal(await projects.insert({ id: project, name: 'plant' }), 'inserted')
        assert.deepEqual(await projects.get(project), { id: project, name: 'plant' })
        assert.deepEqual(await projects.byName('plant'), { id: project, name: 'plant' })
        assert.equal(await projects.get(otherProject), undefined)
        assert.equal(await projects.byName('Plant'), undefined)
      }),
    ))

  it('takes no id and no name twice', () =>
    using((store) =>
      tx(store, async ({ projects }) => {
        await projects.insert({ id: project, name: 'plant' })
        assert.equal(await projects.insert({ id: project, name: 'other' }), 'duplicate')
        assert.equal(await projects.insert({ id: otherProject, name: 'plant' }), 'duplicate')
        assert.deepEqual(await projects.list(), [{ id: project, name: 'plant' }])
      }),
    ))

  it('lists projects by name', () =>
    using((store) =>
      tx(store, async ({ projects }) => {
        await projects.insert({ id: project, name: 'b' })
        await projects.insert({ id: otherProject, name: 'a' })
        assert.deepEqual(
          (await projects.list()).map(({ name }) => name),
          ['a', 'b'],
        )
      }),
    ))

  it('deletes a project once', () =>
    using((store) =>
      tx(store, async ({ projects }) => {
        await projects.insert({ id: project, name: 'plant' })
        assert.equal(await projects.delete(project), 'deleted')
        assert.equal(await projects.delete(project), 'missing')
        assert.deepEqual(await projects.list(), [])
      }),
    ))
}
