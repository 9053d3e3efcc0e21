import type { EpochMilliseconds, Guid } from '@outrider/protocols/values'
import type { ProjectId } from '../identity/index.ts'
import type { Condition } from './condition.ts'

/** `unknown` until detected; never folded together (architecture 2). */
export type Support = 'unknown' | 'unsupported' | 'ism' | 'amt'
export type ControlMode = 'none' | 'client' | 'admin'
/** Desired AMT state as northbound clients write it (reference/emf-code.md 2.2). */
export type AmtState = 'unspecified' | 'provisioned' | 'unprovisioned' | 'disconnected'
export type DesiredPower =
  | 'unspecified'
  | 'on'
  | 'off'
  | 'sleep'
  | 'hibernate'
  | 'reset'
  | 'power-cycle'
  | 'reset-repeat'
export type PowerPolicy = 'immediate' | 'ordered'
/** A standing wish (architecture 2). */
export type HostPolicy = 'follow' | 'keep-on' | 'keep-provisioned'
export type Indicator = 'unspecified' | 'error' | 'in-progress' | 'idle'
/** Lifecycle of the record itself (HostState of reference/emf-code.md 2.2). */
export type HostState = 'registered' | 'onboarded' | 'untrusted' | 'deleted'

/** A status line existing clients show: text, colour, when (reference/emf-code.md 3.3). */
export interface StatusLine {
  readonly text: string
  readonly indicator: Indicator
  readonly at: EpochMilliseconds
}

/** What detection found, as last reported by the agent. */
export interface Detection {
  readonly support: Support
  /** Stable code of why, e.g. `AMT_READY`, `MEI_NO_DRIVER`; and a sentence for people. */
  readonly reason: string
  readonly message: string
  readonly amtGuid?: Guid
  readonly amtVersion?: string
  readonly amtBuild?: string
  readonly amtSku?: string
  readonly controlMode?: ControlMode
  /** Address of the MPS the device is connected to, where it says so. */
  readonly mpsHostname?: string
  readonly remoteStatus?: 'not-connected' | 'connecting' | 'connected'
  readonly at: EpochMilliseconds
}

/** Our record of a machine. Found by resource id, serial number, SMBIOS UUID or AMT GUID. */
export interface Host {
  /** `host-` and 8 hexadecimal digits. */
  readonly id: string
  readonly project: ProjectId
  readonly name: string
  readonly serial?: string
  /** UUID the BIOS reports. */
  readonly uuid?: Guid
  /** UUID the management engine reports; may differ. */
  readonly amtGuid?: Guid
  readonly state: HostState
  readonly desiredAmt: AmtState
  readonly currentAmt: AmtState
  /** What the operator asked for; `none` = not said, which means client control mode. */
  readonly desiredControlMode: ControlMode
  readonly dnsSuffix?: string
  readonly desiredPower: DesiredPower
  readonly currentPower: DesiredPower
  readonly powerPolicy: PowerPolicy
  readonly policy: HostPolicy
  /** When the policy was last written, also with the same value: what it tried before does not count any more. */
  readonly policySince?: EpochMilliseconds
  /** What is wrong with it for longer than an operation; absent = nothing. */
  readonly conditions?: readonly Condition[]
  readonly powerOnAt?: EpochMilliseconds
  readonly amtStatus: StatusLine
  readonly powerStatus: StatusLine
  readonly hostStatus: StatusLine
  readonly registrationStatus: StatusLine
  readonly onboardingStatus: StatusLine
  readonly detection?: Detection
  readonly metadata: Readonly<Record<string, string>>
  readonly createdAt: EpochMilliseconds
  readonly updatedAt: EpochMilliseconds
  /** Grows by one with each write; a write names the revision it read. */
  readonly revision: number
}

/** Fields of a host an inventory write may change; absent = unchanged. */
export type HostChange = Partial<Omit<Host, 'id' | 'project' | 'createdAt' | 'updatedAt' | 'revision'>>
