import { IPS_HostBasedSetupService } from '@outrider/protocols/amt'
import type { Bytes } from '@outrider/protocols/values'
import type { Wsman } from '@outrider/protocols/wsman'
import { isAmbiguous, refusal } from './answers.ts'
import { activationFaults } from './faults.ts'

/**
 * Hands the device the provisioning chain, leaf first (reference/rps.md 2.2). A leaf begins a chain anew, so where
 * an answer is lost, or the device is in the middle of another chain, all of it is handed over once more. Throws
 * `PROVISIONING_CERTIFICATE_REFUSED`.
 */
export const presentChain = async (wsman: Wsman, chain: readonly Bytes[], signal: AbortSignal): Promise<void> => {
  if ((await handOver(wsman, chain, 'first', signal)) === 'again') await handOver(wsman, chain, 'last', signal)
}

const handOver = async (
  wsman: Wsman,
  chain: readonly Bytes[],
  attempt: 'first' | 'last',
  signal: AbortSignal,
): Promise<'done' | 'again'> => {
  for (const [at, certificate] of chain.entries()) {
    const isLeaf = at === 0
    // A leaf that is its own root is a leaf.
    const isRoot = at === chain.length - 1 && !isLeaf
    try {
      await wsman.invoke(
        IPS_HostBasedSetupService,
        'AddNextCertInChain',
        { NextCertificate: certificate, IsLeafCertificate: isLeaf, IsRootCertificate: isRoot },
        signal,
      )
    } catch (error) {
      signal.throwIfAborted()
      const status = refusal(error)
      if (attempt === 'first' && (status === 'INVALID_STATE' || isAmbiguous(error))) return 'again'
      if (status === undefined) throw error
      const which = isLeaf ? 'leaf' : isRoot ? 'root' : 'intermediate'
      throw activationFaults.PROVISIONING_CERTIFICATE_REFUSED({ which, status }, error)
    }
  }
  return 'done'
}
