import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Device, DeviceRegistry } from '@outrider/domain/ports'
import { Fault, type Guid } from '@outrider/protocols/values'
import { aGuid, deadline, otherProject, project } from './fixtures.ts'

export interface OpenRegistry {
  readonly registry: DeviceRegistry
  /** The device as whoever serves it has it. */
  find(project: Guid, guid: Guid): Promise<Device | undefined>
}

/** What every device registry must do. `open` gives one that knows none of the devices used here. */
export const deviceRegistrySuite = (provider: string, open: () => Promise<OpenRegistry>): void => {
  describe(`DeviceRegistry of ${provider}`, () => {
    test('a device that is registered is there, for its project alone', async () => {
      const { registry, find } = await open()
      const guid = aGuid(901)
      await registry.register({ project, guid, mpsUsername: 'admin', hostname: 'one', tags: ['a'] }, deadline())
      const device = await find(project, guid)
      assert.deepEqual([device?.mpsUsername, device?.hostname, device?.tags], ['admin', 'one', ['a']])
      assert.equal(await find(otherProject, guid), undefined)
    })

    test('registering again changes what is given and keeps the rest', async () => {
      const { registry, find } = await open()
      const guid = aGuid(902)
      await registry.register({ project, guid, mpsUsername: 'admin', hostname: 'one', tags: ['a'] }, deadline())
      await registry.register({ project, guid, mpsUsername: 'other', dnsSuffix: 'example.test' }, deadline())
      const device = await find(project, guid)
      assert.deepEqual(
        [device?.mpsUsername, device?.hostname, device?.dnsSuffix, device?.tags],
        ['other', 'one', 'example.test', ['a']],
      )
    })

    test('a device of another project is refused, and stays as it is', async () => {
      const { registry, find } = await open()
      const guid = aGuid(903)
      await registry.register({ project: otherProject, guid, mpsUsername: 'theirs' }, deadline())
      await assert.rejects(
        registry.register({ project, guid, mpsUsername: 'ours' }, deadline()),
        (error) => error instanceof Fault && error.code === 'DEVICE_OF_ANOTHER_PROJECT',
      )
      assert.equal((await find(otherProject, guid))?.mpsUsername, 'theirs')
    })

    test('forgetting is final, may be repeated, and touches no other project', async () => {
      const { registry, find } = await open()
      const guid = aGuid(904)
      await registry.register({ project, guid, mpsUsername: 'admin' }, deadline())
      await registry.forget(otherProject, guid, deadline())
      assert.ok(await find(project, guid))
      await registry.forget(project, guid, deadline())
      await registry.forget(project, guid, deadline())
      assert.equal(await find(project, guid), undefined)
    })

    test('that credentials changed may be said of any device', async () => {
      const { registry } = await open()
      await registry.credentialsChanged(project, aGuid(905), deadline())
    })
  })
}
