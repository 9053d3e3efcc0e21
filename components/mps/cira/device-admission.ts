import { timingSafeEqual } from 'node:crypto'
import {
  type Device,
  type DeviceStore,
  deviceSecretKeys,
  type SecretStore,
  type StoredSecret,
} from '@outrider/domain/ports'
import { type Secret, utf8 } from '@outrider/protocols/values'
import type { CiraCredentials, Verdict } from '@outrider/sessions/cira'

/** What a device that was let in is known as, for whoever takes its tunnel. */
export interface Admitted {
  readonly device: Device
  readonly stored: StoredSecret
}

/**
 * Decides about a device that dials in: registered, with the user it was given and a password that is stored for
 * it, promoted or pending (it may dial before the activation that told it has come to its end). Absence of a
 * secret is never a match. Puts what it found into `admitted`.
 */
export const judge = async (
  credentials: CiraCredentials,
  deps: { readonly devices: DeviceStore; readonly secrets: SecretStore },
  admitted: (found: Admitted) => void,
  signal: AbortSignal,
): Promise<Verdict> => {
  const { guid, user, password } = credentials
  const device = await deps.devices.byGuid(guid, signal)
  if (device === undefined) return 'unknown'
  // A device that was activated without CIRA has no user: nobody can be it.
  if (password === undefined || device.mpsUsername === '') return 'refused'
  const stored = await deps.secrets.get({ kind: 'device', project: device.project, guid }, signal)
  const candidates = [stored.promoted, stored.pending].map((version) => version?.values[deviceSecretKeys.mps])
  // Both are compared whatever the first says, so that time tells nothing.
  const matches = candidates.map((candidate) => candidate !== undefined && same(candidate, password))
  const userMatches = sameText(user, device.mpsUsername)
  if (!userMatches || !matches.includes(true)) return 'refused'
  admitted({ device, stored })
  return 'accepted'
}

const same = (a: Secret, b: Secret): boolean => sameText(a.reveal(), b.reveal())

const sameText = (a: string, b: string): boolean => {
  const [left, right] = [utf8(a), utf8(b)]
  if (left.length !== right.length) return false
  return timingSafeEqual(left, right)
}
