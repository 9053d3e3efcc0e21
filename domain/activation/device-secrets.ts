import type { Guid } from '@outrider/protocols/values'
import type { ProjectId } from '../identity/index.ts'
import type { SecretStore, SecretValues, SecretVersion, StoredSecret } from '../ports/index.ts'

/** The secrets of one device, and of no other. Errors are those of `SecretStore`. */
export interface DeviceSecrets {
  read(signal: AbortSignal): Promise<StoredSecret>
  /** Durable before it returns; leaves what is promoted. */
  writePending(values: SecretValues, signal: AbortSignal): Promise<SecretVersion>
  promote(version: number, signal: AbortSignal): Promise<'promoted' | 'stale'>
}

export const deviceSecrets = (store: SecretStore, project: ProjectId, guid: Guid): DeviceSecrets => {
  const path = { kind: 'device', project, guid } as const
  return {
    read: (signal) => store.get(path, signal),
    writePending: (values, signal) => store.writePending(path, values, signal),
    promote: (version, signal) => store.promote(path, version, signal),
  }
}
