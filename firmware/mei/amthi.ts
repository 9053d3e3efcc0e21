import {
  type AmthiInput,
  type AmthiName,
  type AmthiOutput,
  amthiCommands,
  decodeAmthiRequest,
  encodeAmthiResponse,
  encodeAmthiStatus,
} from '@outrider/protocols/mei'
import { type Bytes, fromHex } from '@outrider/protocols/values'
import { audit } from '../audit/audit-log.ts'
import { userMayAsk } from '../cira/decision.ts'
import { environment } from '../cira/environment.ts'
import { triggers } from '../cira/triggers.ts'
import { type Device, endSetupAttempt, LOCAL_SYSTEM_USER } from '../device.ts'
import { hashBy, startSecureSetup, stopSecureSetup } from '../provisioning/secure-setup.ts'
import { UNPROVISIONED_BY, unprovisionOverMei } from '../provisioning/setup.ts'
import { pkiDnsSuffixOf, trustedHashesOf } from '../provisioning/trusted-hashes.ts'
import { ciraLogOf } from './cira-log.ts'
import { codeVersions } from './code-versions.ts'

// The AMTHI responder: one request, one response (amt-firmware.md 3.2).

const NOT_READY = 2
const INVALID_MESSAGE_LENGTH = 4
const NOT_PERMITTED = 16
const REQUEST_UNEXPECTED = 30
const CERTIFICATE_NOT_READY = 49
const INVALID_HANDLE = 2053

const WIRELESS = 1
const NO_MAC = '00:00:00:00:00:00'

/** What is still answered while AMT is switched off in BIOS. */
const ALWAYS: readonly AmthiName[] = ['getCodeVersions', 'getUuid']

/** A status alone, or what the command answers with. */
type Answer<N extends AmthiName> = AmthiOutput<N> | { readonly status: number }

type Handlers = { readonly [N in AmthiName]: (device: Device, input: AmthiInput<N>) => Answer<N> }

const status = (value: number): { readonly status: number } => ({ status: value })

const handlers: Handlers = {
  getProvisioningMode: () => ({ mode: 1, legacy: false }),
  unprovision: (device, { mode }) => {
    const before = device.store.now.settings.controlMode
    const outcome = device.store.change(
      (draft) => {
        const result = unprovisionOverMei(draft, mode, device)
        if (result === 0) audit(draft, device, 'unprovisioningStarted', 'local', Uint8Array.of(UNPROVISIONED_BY.mei))
        return result
      },
      (result) => result === 0,
    )
    if (outcome !== 0) return status(outcome)
    endSetupAttempt(device)
    device.tunnel.reconsider()
    device.events.emit('controlMode', { from: before, to: 0 })
    return { state: 0 }
  },
  getProvisioningState: (device) => ({ state: device.store.now.settings.provisioningState }),
  getCodeVersions: ({ identity }) => ({ bios: identity.biosVersion, versions: [...codeVersions(identity)] }),
  getMacAddresses: ({ identity }) => ({ dedicated: identity.wiredMac, host: identity.wiredMac }),
  enumerateHashHandles: ({ identity }) => ({ handles: identity.trustedHashes.map((_, handle) => handle) }),
  getCertHashEntry: ({ identity, store }, { handle }) => {
    const entry = trustedHashesOf(identity, store.now)[handle]
    if (entry === undefined) return status(INVALID_HANDLE)
    const hash = fromHex(entry.hash)!
    const { name, isActive, isDefault } = entry
    return { isDefault, isActive, hash, algorithm: hash.length === 20 ? 1 : hash.length === 48 ? 3 : 2, name }
  },
  getPkiFqdnSuffix: ({ identity, store }) => ({ suffix: pkiDnsSuffixOf(identity, store.now) }),
  openUserInitiatedConnection: (device) => {
    if (!userMayAsk(device.store.now)) return status(NOT_PERMITTED)
    device.volatile.userWantsTunnel = true
    device.tunnel.reconsider()
    return {}
  },
  closeUserInitiatedConnection: (device) => {
    if (!userMayAsk(device.store.now)) return status(NOT_PERMITTED)
    device.volatile.userWantsTunnel = false
    if (device.volatile.tunnel.trigger === 'user') device.tunnel.closeByRequest()
    return {}
  },
  getRemoteAccessConnectionStatus: (device) => {
    const { tunnel } = device.volatile
    const { settings, host } = device.store.now
    return {
      network: environment(settings.detectionStrings, host.dnsSuffix) === 'outside' ? 2 : 0,
      remote: tunnel.at === 'connected' ? 2 : tunnel.at === 'connecting' ? 1 : 0,
      trigger: triggers[tunnel.trigger ?? 'user'].number,
      mpsHost: tunnel.at === 'connected' || tunnel.at === 'connecting' ? (tunnel.server ?? '') : '',
    }
  },
  getLanInterfaceSettings: ({ identity, store: { now } }, { adapter }) => {
    const mac = adapter === WIRELESS ? identity.wirelessMac : identity.wiredMac
    const present = mac !== NO_MAC
    return {
      enabled: present,
      address: present ? now.host.ipAddress : '0.0.0.0',
      dhcpEnabled: present && now.settings.ethernet.wired.DHCPEnabled === true,
      dhcpMode: 2,
      link: present && now.host.linkUp && adapter !== WIRELESS ? 1 : 0,
      mac,
    }
  },
  getUuid: ({ identity }) => ({ uuid: identity.uuid }),
  stopConfiguration: (device) => {
    const outcome = device.store.change(stopSecureSetup, (result) => result === 0)
    return outcome === 0 ? {} : status(outcome)
  },
  getLocalSystemAccount: ({ volatile }) => ({ user: LOCAL_SYSTEM_USER, password: volatile.localSystemPassword }),
  getControlMode: (device) => ({ mode: device.store.now.settings.controlMode }),
  getEhbcState: () => ({ state: 0 }),
  startConfigurationHostBased: (device, request) => {
    const leaf = device.quirks.secureHostBasedSetup ? device.tls.onDieLeaf() : new Uint8Array(0)
    // Its keys are being made: whoever asks tries again.
    if (leaf === undefined) return status(CERTIFICATE_NOT_READY)
    const outcome = device.store.change(
      (draft) => startSecureSetup(draft, device, request),
      (result) => result === 0,
    )
    if (outcome !== 0) return status(outcome)
    endSetupAttempt(device)
    return { hashAlgorithm: request.hashAlgorithm, hash: hashBy(request.hashAlgorithm, leaf) }
  },
  getCiraLog: (device) => ({ log: ciraLogOf(device) }),
}

/** The response to one AMTHI message. Throws `WIRE_MALFORMED` where it has not even a header. */
export const answerAmthi = (device: Device, message: Bytes): Bytes => {
  const request = decodeAmthiRequest(message)
  switch (request.is) {
    case 'wrongLength':
      return encodeAmthiStatus(request.id, INVALID_MESSAGE_LENGTH)
    case 'declared':
      return encodeAmthiStatus(request.id, 1)
    case 'unknown':
      return encodeAmthiStatus(request.id, REQUEST_UNEXPECTED)
    case 'command':
      return answerCommand(device, request.name, request.input)
  }
}

/** A response to a message that says this status and nothing else. */
export const amthiStatusOnly = (message: Bytes, value: number): Bytes => {
  const request = decodeAmthiRequest(message)
  return encodeAmthiStatus(request.is === 'command' ? amthiCommands[request.name].id : request.id, value)
}

const answerCommand = <N extends AmthiName>(device: Device, name: N, input: AmthiInput<N>): Bytes => {
  const { id } = amthiCommands[name]
  if (!device.store.now.bios.enabled && !ALWAYS.includes(name)) return encodeAmthiStatus(id, NOT_READY)
  const answer = handlers[name](device, input)
  return isStatus(answer) ? encodeAmthiStatus(id, answer.status) : encodeAmthiResponse(name, answer)
}

const isStatus = (answer: object): answer is { readonly status: number } => 'status' in answer
