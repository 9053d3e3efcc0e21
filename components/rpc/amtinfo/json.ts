import { text, toHex } from '@outrider/protocols/values'
import type { AmtFacts, Item } from './facts.ts'
import {
  adapterWords,
  controlModeWord,
  hasAdapter,
  networkWord,
  operationalStateWord,
  provisioningStateWord,
  remoteStatusWord,
  triggerWord,
} from './words.ts'

/**
 * The document of `amtinfo --json` in the field's keys and order, what is empty left out (reference/rpc.md 5.1);
 * then ours: `detection`.
 */
export const amtInfoDocument = (facts: AmtFacts, wanted: ReadonlySet<Item>): Readonly<Record<string, unknown>> => {
  const { remoteAccess, upid, hashes, system } = facts
  const document: Record<string, unknown> = {
    amt: facts.version,
    buildNumber: facts.build,
    sku: facts.sku,
    features: facts.features,
    uuid: facts.uuid,
    controlMode: facts.controlMode === undefined ? undefined : controlModeWord(facts.controlMode, 'v3'),
    provisioningState:
      facts.provisioningState === undefined ? undefined : provisioningStateWord(facts.provisioningState),
    operationalState: wanted.has('operationalState') ? operationalStateWord(facts) : undefined,
    dnsSuffix: facts.dnsSuffix,
    dnsSuffixOS: wanted.has('dns') ? system.dnsSuffix : undefined,
    hostnameOS: wanted.has('hostname') ? system.hostname : undefined,
    ras:
      remoteAccess === undefined
        ? undefined
        : {
            networkStatus: networkWord(remoteAccess.network, 'v3'),
            remoteStatus: remoteStatusWord(remoteAccess.remote),
            remoteTrigger: triggerWord(remoteAccess.trigger),
            mpsHostname: remoteAccess.mpsHost,
          },
    wiredAdapter: hasAdapter(facts.wired) ? adapterWords(facts.wired, facts) : undefined,
    wirelessAdapter: hasAdapter(facts.wireless) ? adapterWords(facts.wireless, facts) : undefined,
    upid:
      upid === undefined
        ? undefined
        : { oemPlatformIdType: String(upid.oemIdType), oemId: identifier(upid.oemId), csmeId: identifier(upid.csmeId) },
    certificateHashes:
      hashes === undefined
        ? undefined
        : Object.fromEntries(
            hashes.map(({ name, hash, algorithm, isActive, isDefault }) => [
              name,
              { Hash: hash, Name: name, Algorithm: algorithm, IsActive: isActive, IsDefault: isDefault },
            ]),
          ),
  }
  const filled = Object.entries(document).filter(([, value]) => value !== undefined && value !== '')
  return {
    ...Object.fromEntries(filled),
    heciAvailable: facts.failure === undefined,
    detection: facts.detection,
  }
}

/** Text where the OEM wrote text, hexadecimal otherwise. */
const identifier = (bytes: Uint8Array): string => {
  const trimmed = bytes.subarray(0, bytes.findLastIndex((byte) => byte !== 0) + 1)
  return trimmed.every((byte) => byte >= 0x20 && byte < 0x7f) ? text(trimmed) : toHex(trimmed)
}
