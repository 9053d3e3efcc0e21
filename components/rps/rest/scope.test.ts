import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ProjectId, RequestContext } from '@outrider/domain/identity'
import type { Catalogue } from '@outrider/domain/ports'
import { Fault, guid } from '@outrider/protocols/values'
import { findNamed, projectFor } from './scope.ts'

const one = guid('11111111-1111-4111-8111-111111111111')
const two = guid('22222222-2222-4222-8222-222222222222')
const three = guid('33333333-3333-4333-8333-333333333333')
const signal = new AbortController().signal
const of = (...projects: ProjectId[]): RequestContext => ({ projects })
const code = (wanted: string) => (error: unknown) => error instanceof Fault && error.code === wanted

interface Item {
  readonly project: ProjectId
  readonly name: string
  readonly version: number
}
const catalogue = (...items: readonly [ProjectId, string][]): Catalogue<Item> =>
  ({
    get: async (project: ProjectId, name: string) =>
      items
        .map(([at, called]) => ({ project: at, name: called, version: 1 }))
        .find((each) => each.project === project && each.name === name),
  }) as unknown as Catalogue<Item>

test('something new belongs to the one project, the one that is named, or the one it is called after', () => {
  assert.equal(projectFor(of(one), {}, 'x'), one)
  assert.equal(projectFor(of(one, two), { activeprojectid: two }, `${one}_ccm`), two)
  assert.equal(projectFor(of(one, two), {}, two), two)
  assert.equal(projectFor(of(one, two), {}, `${one}_acm`), one)
  assert.throws(() => projectFor(of(one, two), {}, 'x'), code('PROJECT_AMBIGUOUS'))
  assert.throws(() => projectFor(of(one, two), {}, `${three}_acm`), code('PROJECT_AMBIGUOUS'))
  assert.throws(() => projectFor(of(one, two), { activeprojectid: three }, 'x'), code('PROJECT_NOT_FOUND'))
  assert.throws(() => projectFor(of(), {}, 'x'), code('PROJECT_AMBIGUOUS'))
})

test('something that is there is found in all projects of the caller, and in no other', async () => {
  const all = catalogue([one, 'a'], [two, 'a'], [two, 'b'], [three, 'c'])
  const project = async (...args: [RequestContext, Record<string, string>, string]) =>
    (await findNamed(all, ...args, signal))?.project
  assert.equal(await project(of(one, two), {}, 'b'), two)
  assert.equal(await project(of(one), {}, 'a'), one)
  assert.equal(await project(of(one, two), { activeprojectid: two }, 'a'), two)
  assert.equal(await project(of(one, two), {}, 'c'), undefined)
  await assert.rejects(project(of(one, two), {}, 'a'), code('PROJECT_AMBIGUOUS'))
})
