import { AMT_PublicKeyCertificate, AMT_PublicKeyManagementService } from '@outrider/protocols/amt'
import { type Bytes, equalBytes } from '@outrider/protocols/values'
import type { InstanceOf, Wsman } from '@outrider/protocols/wsman'
import { isAmbiguous, isLacking, refusal } from './answers.ts'
import { activationFaults } from './faults.ts'

type Certificate = InstanceOf<typeof AMT_PublicKeyCertificate>

/**
 * Makes the device trust the root of the MPS. Foreign roots go only where there is no room beside them. Throws
 * `MPS_ROOT_REFUSED`, `CERTIFICATE_STORE_FULL`.
 */
export const trustMpsRoot = async (wsman: Wsman, root: Bytes, signal: AbortSignal): Promise<'added' | 'present'> => {
  const store = await wsman.enumerate(AMT_PublicKeyCertificate, signal)
  if (holds(store, root)) return 'present'
  const first = await add(wsman, root, signal)
  if (first !== 'full') return first
  if ((await removeForeignRoots(wsman, store, signal)) === 0) throw activationFaults.CERTIFICATE_STORE_FULL()
  const second = await add(wsman, root, signal)
  if (second === 'full') throw activationFaults.CERTIFICATE_STORE_FULL()
  return second
}

const holds = (store: readonly Certificate[], root: Bytes): boolean =>
  store.some(({ X509Certificate: der }) => der !== undefined && equalBytes(der, root))

const add = async (wsman: Wsman, root: Bytes, signal: AbortSignal): Promise<'added' | 'present' | 'full'> => {
  try {
    await wsman.invoke(AMT_PublicKeyManagementService, 'AddTrustedRootCertificate', { CertificateBlob: root }, signal)
    return 'added'
  } catch (error) {
    signal.throwIfAborted()
    const status = refusal(error)
    if (status === 'DUPLICATE') return 'present'
    if (status === 'MAX_LIMIT_REACHED') return 'full'
    if (status !== undefined) throw activationFaults.MPS_ROOT_REFUSED({ status }, error)
    // Some firmware says a duplicate by a SOAP fault; and after a lost answer only the store can tell.
    const askStore = isLacking(error) || isAmbiguous(error)
    if (askStore && holds(await wsman.enumerate(AMT_PublicKeyCertificate, signal), root)) return 'present'
    throw error
  }
}

const removeForeignRoots = async (
  wsman: Wsman,
  store: readonly Certificate[],
  signal: AbortSignal,
): Promise<number> => {
  let removed = 0
  for (const { InstanceID, TrustedRootCertficate: trusted, ReadOnlyCertificate: fixed } of store) {
    if (InstanceID === undefined || trusted !== true || fixed === true) continue
    try {
      await wsman.delete(AMT_PublicKeyCertificate, { InstanceID }, signal)
      removed += 1
    } catch (error) {
      // In use by something, or gone already: the next one may do.
      if (refusal(error) === undefined && !isLacking(error)) throw error
    }
  }
  return removed
}
