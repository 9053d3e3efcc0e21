import { createHash, type X509Certificate } from 'node:crypto'
import { certificateHash, hashAlgorithms, type StartConfiguration } from '@outrider/protocols/mei'
import { type Bytes, toHex } from '@outrider/protocols/values'
import { type Device, deviceNow } from '../device.ts'
import type { FlashState, PinnedCertificate } from '../state/flash-state.ts'
import type { Caller } from '../wsman/model.ts'
import { addToChain, CHAIN, type ChainCircumstances, noChain } from './certificate-chain.ts'
import { trustedDnsSuffix, trustedHashesOf } from './trusted-hashes.ts'

// Secure host-based configuration (amt-firmware.md 2.2, 4.6, 9.2): the host announces the hash of a provisioning
// certificate, then comes with that certificate over TLS and is the administrator of a device in provisioning.

const SUCCESS = 0
const NOT_PERMITTED = 16
const INVALID_PROVISIONING_STATE = 32
const INVALID_PARAMETER = 36
const DATA_MISSING = 2057

const digestNames: Readonly<Record<number, string>> = { 2: 'sha256', 3: 'sha384' }

/** StartConfigurationHBased, on a draft of the state: a status of AMTHI. */
export const startSecureSetup = (draft: FlashState, device: Device, request: StartConfiguration): number => {
  const { settings } = draft
  if (!device.quirks.secureHostBasedSetup) return NOT_PERMITTED
  if (settings.provisioningState === 2) return INVALID_PROVISIONING_STATE
  if (digestNames[request.hashAlgorithm] === undefined) return INVALID_PARAMETER
  settings.provisioningState = 1
  settings.pinned = {
    algorithm: request.hashAlgorithm,
    hash: toHex(certificateHash(request.hash, request.hashAlgorithm)),
  }
  return SUCCESS
}

/** Back to where nobody had begun. */
export const stopSecureSetup = ({ settings }: FlashState): number => {
  if (settings.provisioningState !== 1) return INVALID_PROVISIONING_STATE
  settings.provisioningState = 0
  settings.pinned = null
  return SUCCESS
}

/** Whether a caller may act as the owner of a device that is being set up so. */
export const mayOwn = ({ settings }: Readonly<FlashState>, caller: Caller): boolean =>
  settings.provisioningState === 1 && caller.pinned === true

/** CommitChanges of a device in provisioning: it is owned once it has both passwords. */
export const commitSecureSetup = (draft: FlashState, caller: Caller): number => {
  const { settings } = draft
  if (!mayOwn(draft, caller)) return NOT_PERMITTED
  if (settings.adminHa1 === null || settings.mebxPassword === null) return DATA_MISSING
  settings.controlMode = 2
  settings.provisioningState = 2
  settings.pinned = null
  settings.optIn = { ...settings.optIn, canModify: 1 }
  draft.counters.adminSetup++
  return SUCCESS
}

/** The hash of a certificate by an algorithm of AMTHI's; empty for one that is not known. */
export const hashBy = (algorithm: number, der: Bytes): Bytes => {
  const name = digestNames[algorithm]
  if (name === undefined || hashAlgorithms[algorithm] === undefined) return new Uint8Array(0)
  return new Uint8Array(createHash(name).update(der).digest())
}

/** What certificates are judged by on this device now. */
export const chainCircumstances = (
  device: Device,
  state: Readonly<FlashState> = device.store.now,
): ChainCircumstances => ({
  now: deviceNow(device, state),
  dnsSuffix: trustedDnsSuffix(device.identity, state),
  trustedHashes: trustedHashesOf(device.identity, state),
  rootHashAlgorithms: device.quirks.rootHashAlgorithms,
})

/** Whether a TLS client came with the certificate that was announced, under rules no softer than an upload's. */
export const isPinned = (device: Device, chain: readonly X509Certificate[]): boolean => {
  const { pinned, provisioningState } = device.store.now.settings
  const leaf = chain[0]
  if (pinned === null || provisioningState !== 1 || leaf === undefined) return false
  return isAnnounced(pinned, leaf) && isAcceptable(chain, chainCircumstances(device))
}

const isAnnounced = ({ algorithm, hash }: PinnedCertificate, leaf: X509Certificate): boolean =>
  hash !== '' && toHex(hashBy(algorithm, leaf.raw)) === hash

const isAcceptable = (certificates: readonly X509Certificate[], given: ChainCircumstances): boolean => {
  let chain = noChain
  for (const [index, { raw }] of certificates.entries()) {
    const link = { certificate: raw, isLeaf: index === 0, isRoot: index === certificates.length - 1 }
    const outcome = addToChain(chain, link, given)
    if (outcome.returnValue !== CHAIN.success) return false
    chain = outcome.chain
  }
  return chain.status === 2
}
