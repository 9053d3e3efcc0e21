import type { Identity, TrustedHash } from '../identity.ts'
import type { FlashState } from '../state/flash-state.ts'

/** The root hashes of this machine as they are now: those somebody switched off in the engine's menu are inactive. */
export const trustedHashesOf = (identity: Identity, state: Readonly<FlashState>): readonly TrustedHash[] =>
  identity.trustedHashes.map((each) =>
    state.mebx.inactiveHashes.includes(each.hash.toLowerCase()) ? { ...each, isActive: false } : each,
  )

/** The PKI DNS suffix set in the engine's menu; empty: none. */
export const pkiDnsSuffixOf = (identity: Identity, state: Readonly<FlashState>): string =>
  state.mebx.pkiDnsSuffix ?? identity.pkiDnsSuffix

/**
 * The DNS suffix a provisioning certificate must be for: what the menu says, else what DHCP hands out on the wired
 * port (amt-firmware.md 9.2). Empty where there is neither: then no certificate fits.
 */
export const trustedDnsSuffix = (identity: Identity, state: Readonly<FlashState>): string => {
  const set = pkiDnsSuffixOf(identity, state)
  if (set !== '') return set
  return state.host.linkUp ? state.host.dnsSuffix : ''
}
