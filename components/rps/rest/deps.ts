import type { Clock, EventSink, ProvisioningStore, SecretStore } from '@outrider/domain/ports'
import { Type } from 'typebox'
import type { Turns } from '../kept-secret.ts'
import type { KeptCertificates } from '../provisioning-certificates/index.ts'

/** What the rows of the provisioning API work with. */
export interface RestDeps {
  readonly store: ProvisioningStore
  readonly secrets: SecretStore
  readonly certificates: KeptCertificates
  readonly turns: Turns
  readonly clock: Clock
  readonly events: EventSink
  readonly version: string
}

/**
 * A body whose fields are declared for the reference and checked by hand: what is wrong with them is said in the words
 * existing clients compare (reference/rps.md 3.1). Fields that are not known are passed over.
 */
export const documented = (fields: Readonly<Record<string, string>>) =>
  Type.Object(
    Object.fromEntries(
      Object.entries(fields).map(([name, description]) => [name, Type.Optional(Type.Unknown({ description }))]),
    ),
    { additionalProperties: true },
  )

export const nameParams = Type.Object({ name: Type.String({ minLength: 1, maxLength: 128 }) })
