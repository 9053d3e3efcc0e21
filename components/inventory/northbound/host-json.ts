import { conditionOf, type Host, type StatusLine } from '@outrider/domain/hosts'
import type { Operation } from '@outrider/domain/operations'
import type { EpochMilliseconds } from '@outrider/protocols/values'
import { amtState, controlMode, hostState, indicator, powerPolicy, powerState, skuName } from './enumerations.ts'
import { conditionsOf, type HostFacts, hostStatusOf } from './host-conditions.ts'

const epochSeconds = (at: EpochMilliseconds): number => Math.floor(at / 1000)
export const isoTime = (at: EpochMilliseconds): string => new Date(at).toISOString()

const status = (name: string, line: StatusLine) => ({
  [name]: line.text,
  [`${name}Indicator`]: indicator.name(line.indicator),
  [`${name}Timestamp`]: epochSeconds(line.at),
})

/** Enrolment is what turns a record that may be onboarded into one that is. */
const currentState = (host: Host): string => {
  if (host.state === 'untrusted' || host.state === 'deleted') return hostState.name(host.state)
  return hostState.name(host.onboardingStatus.indicator === 'idle' ? 'onboarded' : 'registered')
}

const desiredState = (host: Host): Host['state'] => {
  const retiring = conditionOf(host, 'retiring')
  if (retiring === undefined) return host.state
  return retiring.act === 'delete-host' ? 'deleted' : 'untrusted'
}

/** The power a person means: a machine that was reset is on. */
const plainPower = (host: Host): string => {
  const { currentPower } = host
  if (currentPower === 'unspecified') return 'unknown'
  return currentPower === 'reset' || currentPower === 'reset-repeat' || currentPower === 'power-cycle'
    ? 'on'
    : currentPower
}

/** Last operation of a host in short. */
const lastOperation = (operation: Operation) => ({
  id: operation.id,
  kind: operation.kind,
  life: operation.life,
  ...(operation.fault === undefined ? {} : { code: operation.fault.code, message: operation.fault.message }),
  createdAt: isoTime(operation.createdAt),
  ...(operation.endedAt === undefined ? {} : { endedAt: isoTime(operation.endedAt) }),
})

/** What the fields existing clients know cannot say; existing clients pass over it. */
const outrider = (host: Host, facts: HostFacts) => ({
  support: host.detection?.support ?? 'unknown',
  reason: host.detection?.reason ?? 'NOT_DETECTED',
  reasonMessage: host.detection?.message ?? 'No agent has reported from this machine yet.',
  ...(host.detection?.amtVersion === undefined ? {} : { amtVersion: host.detection.amtVersion }),
  controlMode: host.detection?.controlMode ?? 'unknown',
  ...(host.amtGuid === undefined ? {} : { amtUuid: host.amtGuid }),
  ...(host.detection === undefined ? {} : { detectedAt: isoTime(host.detection.at) }),
  presence:
    facts.presence === undefined
      ? { connected: false }
      : { connected: true, since: isoTime(facts.presence.since), instance: facts.presence.instance },
  power: plainPower(host),
  policy: host.policy,
  conditions: conditionsOf(host, facts).map(({ type, fault: { code, message, remedy }, since }) => ({
    type,
    code,
    message,
    remedy,
    since: isoTime(since),
  })),
  ...(facts.last === undefined ? {} : { lastOperation: lastOperation(facts.last) }),
})

/** A host as northbound clients read it (reference/emf-code.md 3.3). */
export const hostJson = (host: Host): Readonly<Record<string, unknown>> => ({
  resourceId: host.id,
  name: host.name,
  ...(host.serial === undefined ? {} : { serialNumber: host.serial }),
  ...(host.uuid === undefined ? {} : { uuid: host.uuid }),
  desiredState: hostState.name(desiredState(host)),
  currentState: currentState(host),
  desiredPowerState: powerState.name(host.desiredPower),
  currentPowerState: powerState.name(host.currentPower),
  powerCommandPolicy: powerPolicy.name(host.powerPolicy),
  ...(host.powerOnAt === undefined ? {} : { powerOnTime: epochSeconds(host.powerOnAt) }),
  ...status('powerStatus', host.powerStatus),
  ...status('hostStatus', hostStatusOf(host)),
  ...status('onboardingStatus', host.onboardingStatus),
  ...status('registrationStatus', host.registrationStatus),
  ...status('amtStatus', host.amtStatus),
  amtSku: skuName(host.detection?.support ?? 'unknown'),
  desiredAmtState: amtState.name(host.desiredAmt),
  currentAmtState: amtState.name(host.currentAmt),
  amtControlMode: controlMode.name(host.desiredControlMode),
  amtDnsSuffix: host.dnsSuffix ?? '',
  desiredKvmState: 'KVM_STATE_UNSPECIFIED',
  currentKvmState: 'KVM_STATE_UNSPECIFIED',
  kvmStatus: 'KVM_STATUS_UNSPECIFIED',
  kvmSessionStatus: '',
  desiredSolState: 'SOL_STATE_UNSPECIFIED',
  currentSolState: 'SOL_STATE_UNSPECIFIED',
  solStatus: 'SOL_STATUS_UNSPECIFIED',
  solSessionStatus: '',
  metadata: Object.entries(host.metadata).map(([key, value]) => ({ key, value })),
  inheritedMetadata: [],
  hostStorages: [],
  hostNics: [],
  hostUsbs: [],
  hostGpus: [],
  timestamps: { createdAt: isoTime(host.createdAt), updatedAt: isoTime(host.updatedAt) },
})

/** The same with our own facts under one key. */
export const hostWithFacts = (host: Host, facts: HostFacts) => ({ ...hostJson(host), outrider: outrider(host, facts) })
