import type { Bytes } from '@outrider/protocols/values'

/** What makes a device believe that it is ours to administer (reference/amt-firmware.md 9.2). */
export interface ProvisioningProof {
  /** Certificates in DER: the leaf first, the root last. */
  readonly chain: readonly Bytes[]
  /** RSA PKCS#1 v1.5 over SHA-256 with the key of the leaf, which stays where it is. */
  sign(bytes: Bytes): Promise<Bytes>
}

/** Asked for only where the device has to be convinced; whoever gives it throws what stands in the way. */
export type Prove = (signal: AbortSignal) => Promise<ProvisioningProof>
