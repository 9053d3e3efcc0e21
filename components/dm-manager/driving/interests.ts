import type { ProjectId } from '@outrider/domain/identity'
import type { Guid } from '@outrider/protocols/values'

/** Which hosts with unfinished operations an event is about: devices are told of by GUID, tickets by operation. */
export class Interests {
  readonly #byDevice = new Map<string, Set<string>>()
  readonly #byOperation = new Map<string, string>()
  readonly #of = new Map<string, { readonly devices: readonly string[]; readonly operation?: string }>()

  set(key: string, project: ProjectId, devices: readonly Guid[], operation?: string): void {
    this.forget(key)
    const names = devices.map((guid) => `${project}/${guid}`)
    for (const name of names) {
      const keys = this.#byDevice.get(name) ?? new Set()
      this.#byDevice.set(name, keys.add(key))
    }
    if (operation !== undefined) this.#byOperation.set(operation, key)
    this.#of.set(key, { devices: names, ...(operation === undefined ? {} : { operation }) })
  }

  forget(key: string): void {
    const held = this.#of.get(key)
    if (held === undefined) return
    this.#of.delete(key)
    if (held.operation !== undefined) this.#byOperation.delete(held.operation)
    for (const name of held.devices) {
      const keys = this.#byDevice.get(name)
      keys?.delete(key)
      if (keys?.size === 0) this.#byDevice.delete(name)
    }
  }

  ofDevice(project: ProjectId, guid: Guid): Iterable<string> {
    return this.#byDevice.get(`${project}/${guid}`) ?? []
  }

  ofOperation(operation: string): string | undefined {
    return this.#byOperation.get(operation)
  }
}
