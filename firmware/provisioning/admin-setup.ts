import { verify } from 'node:crypto'
import { RSA_SHA2_256 } from '@outrider/protocols/amt'
import { type Bytes, concat } from '@outrider/protocols/values'
import type { FlashState } from '../state/flash-state.ts'
import type { CertificateChain } from './certificate-chain.ts'
import { INVALID_PARAMETER, INVALID_STATE, readHa1, type SetupRequest, SUCCESS } from './setup.ts'

// The rules of admin control mode (amt-firmware.md 9.2, 4 and 5), on a draft of the state. Each answers what the
// method returns; anything but 0 leaves the draft unused.

const AUTHENTICATION_FAILED = 5
const NONCE_BYTES = 20

/** What proves that whoever asks holds the key of the leaf. */
export interface Proof {
  readonly mcNonce: Bytes | undefined
  readonly algorithm: number | undefined
  readonly signature: Bytes | undefined
}

/** What the proof is about. */
export interface Attempt {
  readonly chain: CertificateChain
  /** `ConfigurationNonce` as it was last read. */
  readonly nonce: Bytes
}

/** IPS_HostBasedSetupService.AdminSetup: from nobody's into admin control mode. */
export const setUpAdmin = (draft: FlashState, request: SetupRequest, proof: Proof, attempt: Attempt): number => {
  const { settings } = draft
  if (settings.controlMode !== 0 || settings.provisioningState === 2) return INVALID_STATE
  const ha1 = readHa1(request)
  const status = judge(proof, attempt, ha1 === undefined)
  if (status !== SUCCESS || ha1 === undefined) return status
  settings.controlMode = 2
  settings.provisioningState = 2
  settings.adminHa1 = ha1
  settings.pinned = null
  settings.optIn = { ...settings.optIn, canModify: 1 }
  draft.counters.adminSetup++
  return SUCCESS
}

/** IPS_HostBasedSetupService.UpgradeClientToAdmin: the password stays. */
export const upgradeToAdmin = (draft: FlashState, proof: Proof, attempt: Attempt): number => {
  const { settings } = draft
  if (settings.controlMode !== 1) return INVALID_STATE
  const status = judge(proof, attempt, false)
  if (status !== SUCCESS) return status
  settings.controlMode = 2
  // Consent may be changed from now on; until somebody does, it stays required.
  settings.optIn = { ...settings.optIn, canModify: 1 }
  draft.counters.upgradeToAdmin++
  return SUCCESS
}

const judge = ({ mcNonce, algorithm, signature }: Proof, { chain, nonce }: Attempt, badRequest: boolean): number => {
  const leaf = chain.certificates[0]
  if (chain.status !== 2 || leaf === undefined) return INVALID_STATE
  if (badRequest || algorithm !== RSA_SHA2_256) return INVALID_PARAMETER
  if (mcNonce?.length !== NONCE_BYTES || signature === undefined) return INVALID_PARAMETER
  // RSA PKCS#1 v1.5, which is what `verify` does with an RSA key.
  return verify('sha256', concat([nonce, mcNonce]), leaf.publicKey, signature) ? SUCCESS : AUTHENTICATION_FAILED
}
