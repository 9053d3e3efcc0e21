import {
  type AmthiInput,
  type AmthiName,
  type AmthiOutput,
  amthiStatus,
  amthiStatusName,
  type CiraLog,
  type CodeVersion,
  certificateHash,
  decodeAmthiResponse,
  encodeAmthiRequest,
  hashAlgorithms,
  type MeiPort,
  meiClients,
  type StartConfiguration,
} from '@outrider/protocols/mei'
import { type Fault, type Guid, type Secret, secret, toHex } from '@outrider/protocols/values'
import { exchange, type Patience } from './exchange.ts'
import { localManagementFaults } from './faults.ts'

/** One trusted root the firmware knows by its hash. */
export interface CertificateHash {
  readonly name: string
  /** e.g. `SHA256`; `UNKNOWN` for a number without a name. */
  readonly algorithm: string
  /** Lower-case hexadecimal; `''` for an unknown algorithm. */
  readonly hash: string
  readonly isActive: boolean
  readonly isDefault: boolean
}

/**
 * The AMT host interface. Each call is one connection to the engine. All throw faults of `MeiPort`,
 * `MEI_NO_ANSWER`, `WIRE_MALFORMED`, and `AMTHI_REFUSED` (detail `command`, `code`, `status`) where the answer's
 * status is not 0.
 */
export interface Amthi {
  /** The AMT GUID, as the engine has it: may be unset (`isUnsetGuid`). */
  getUuid(signal: AbortSignal): Promise<Guid>
  /** 0 none, 1 client, 2 admin. */
  getControlMode(signal: AbortSignal): Promise<number>
  /** 0 pre, 1 in, 2 post. */
  getProvisioningState(signal: AbortSignal): Promise<number>
  getCodeVersions(signal: AbortSignal): Promise<readonly CodeVersion[]>
  /** User and one-time password that may act on the local interface before there is an administrator. */
  getLocalSystemAccount(signal: AbortSignal): Promise<{ readonly user: string; readonly password: Secret }>
  getCertificateHashes(signal: AbortSignal): Promise<readonly CertificateHash[]>
  getDnsSuffix(signal: AbortSignal): Promise<string>
  getLanSettings(adapter: 'wired' | 'wireless', signal: AbortSignal): Promise<AmthiOutput<'getLanInterfaceSettings'>>
  getRemoteAccess(signal: AbortSignal): Promise<AmthiOutput<'getRemoteAccessConnectionStatus'>>
  getCiraLog(signal: AbortSignal): Promise<CiraLog>
  /** Takes AMT back to factory state. Admin control mode is not left this way: `admin-mode`. */
  unprovision(signal: AbortSignal): Promise<'unprovisioned' | 'admin-mode'>
  /** Leaves a configuration that was begun. `not-configuring` where there is none. */
  stopConfiguration(signal: AbortSignal): Promise<'stopped' | 'not-configuring'>
  /** Begins a secure host-based configuration; answers hash and algorithm of the certificate AMT will present. */
  startConfigurationHostBased(
    request: StartConfiguration,
    signal: AbortSignal,
  ): Promise<{ readonly algorithm: string; readonly hash: string }>
  openUserInitiatedConnection(signal: AbortSignal): Promise<void>
  closeUserInitiatedConnection(signal: AbortSignal): Promise<void>
}

/** Commands that only look: sent again where the engine was reset before it answered. */
const isLook = (name: AmthiName): boolean => /^(get|enumerate)/.test(name)

const refused = (command: AmthiName, status: number): Fault =>
  localManagementFaults.AMTHI_REFUSED({ command, code: status, status: amthiStatusName(status) })

/** AMTHI of the engine behind `mei`. */
export const amthi = (mei: MeiPort, patience: Patience): Amthi => {
  const ask = async <N extends AmthiName>(name: N, input: AmthiInput<N>, signal: AbortSignal) => {
    const request = encodeAmthiRequest(name, input)
    return decodeAmthiResponse(name, await exchange(mei, meiClients.amthi, request, isLook(name), patience, signal))
  }

  const call = async <N extends AmthiName>(
    name: N,
    input: AmthiInput<N>,
    signal: AbortSignal,
  ): Promise<AmthiOutput<N>> => {
    const { status, output } = await ask(name, input, signal)
    if (output === undefined) throw refused(name, status)
    return output
  }

  return {
    getUuid: async (signal) => (await call('getUuid', {}, signal)).uuid,
    getControlMode: async (signal) => (await call('getControlMode', {}, signal)).mode,
    getProvisioningState: async (signal) => (await call('getProvisioningState', {}, signal)).state,
    getCodeVersions: async (signal) => (await call('getCodeVersions', {}, signal)).versions,
    getLocalSystemAccount: async (signal) => {
      const { user, password } = await call('getLocalSystemAccount', {}, signal)
      return { user, password: secret(password) }
    },
    getCertificateHashes: async (signal) => {
      const { handles } = await call('enumerateHashHandles', {}, signal)
      const hashes: CertificateHash[] = []
      for (const handle of handles) {
        const { name, algorithm, hash, isActive, isDefault } = await call('getCertHashEntry', { handle }, signal)
        hashes.push({
          name,
          algorithm: hashAlgorithms[algorithm]?.name ?? 'UNKNOWN',
          hash: toHex(certificateHash(hash, algorithm)),
          isActive,
          isDefault,
        })
      }
      return hashes
    },
    getDnsSuffix: async (signal) => (await call('getPkiFqdnSuffix', {}, signal)).suffix,
    getLanSettings: (adapter, signal) =>
      call('getLanInterfaceSettings', { adapter: adapter === 'wired' ? 0 : 1 }, signal),
    getRemoteAccess: (signal) => call('getRemoteAccessConnectionStatus', {}, signal),
    getCiraLog: async (signal) => (await call('getCiraLog', { version: 0 }, signal)).log,
    unprovision: async (signal) => {
      const { status } = await ask('unprovision', { mode: 0 }, signal)
      if (status === amthiStatus.success) return 'unprovisioned'
      if (status === amthiStatus.invalidAmtMode) return 'admin-mode'
      throw refused('unprovision', status)
    },
    stopConfiguration: async (signal) => {
      const { status } = await ask('stopConfiguration', {}, signal)
      return status === amthiStatus.success ? 'stopped' : 'not-configuring'
    },
    startConfigurationHostBased: async (request, signal) => {
      const { hashAlgorithm, hash } = await call('startConfigurationHostBased', request, signal)
      // Only here 2 is SHA-256 and 3 SHA-384, which is what the general table says too.
      return {
        algorithm: hashAlgorithms[hashAlgorithm]?.name ?? 'UNKNOWN',
        hash: toHex(certificateHash(hash, hashAlgorithm)),
      }
    },
    openUserInitiatedConnection: async (signal) => {
      await call('openUserInitiatedConnection', {}, signal)
    },
    closeUserInitiatedConnection: async (signal) => {
      await call('closeUserInitiatedConnection', {}, signal)
    },
  }
}
