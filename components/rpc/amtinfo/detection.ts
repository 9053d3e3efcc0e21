import { amthiStatus, type ChangeToAmtEnabled, skuFeatures } from '@outrider/protocols/mei'
import type { Fault } from '@outrider/protocols/values'

/** Whether this machine can be managed, and how we know. `unknown`: it could not be told now; ask again. */
export interface Detection {
  readonly support: 'amt' | 'ism' | 'unsupported' | 'unknown'
  /** Stable: `AMT_READY`, `ISM_READY`, `SKU_NOT_MANAGEABLE`, `AMT_DISABLED_IN_BIOS`, `AMT_NOT_READY`, or a fault's code. */
  readonly reason: string
  readonly message: string
  readonly remedy: string
}

export interface Evidence {
  /** Why AMT could not be asked at all. */
  readonly failure: Fault | undefined
  /** The engine's word on AMT in BIOS, where it has one. */
  readonly watchdog: ChangeToAmtEnabled | undefined
  readonly version: string | undefined
  readonly sku: string | undefined
  /** Why version or SKU could not be read. */
  readonly versionFailure: Fault | undefined
}

/** A machine whose engine has no AMT at all, as opposed to one that could not be asked just now. */
const ABSENT = new Set(['MEI_NO_DRIVER', 'MEI_NO_CLIENT'])

/** Every row of the detection matrix (reference/rpc.md 22). */
export const detect = ({ failure, watchdog, version, sku, versionFailure }: Evidence): Detection => {
  // Whether AMTHI can be reached while AMT is off in BIOS differs by firmware: the watchdog's word goes first.
  if (watchdog?.newInterface && !watchdog.amtEnabled)
    return {
      support: 'unsupported',
      reason: 'AMT_DISABLED_IN_BIOS',
      message: 'AMT is disabled in the BIOS of this machine.',
      remedy: 'Enable Intel AMT in the BIOS (MEBx), or let an activation do it.',
    }
  if (failure !== undefined) {
    if (failure.code === 'AMTHI_REFUSED') return notReady(failure)
    return of(ABSENT.has(failure.code) ? 'unsupported' : 'unknown', failure)
  }
  if (version === undefined || sku === undefined)
    return versionFailure === undefined
      ? unreadable
      : versionFailure.code === 'AMTHI_REFUSED'
        ? notReady(versionFailure)
        : of('unknown', versionFailure)
  const features = skuFeatures(version, sku)
  if (features.includes('Intel Standard Manageability'))
    return {
      support: 'ism',
      reason: 'ISM_READY',
      message: 'This machine has Intel Standard Manageability.',
      remedy: 'It can be managed; KVM is not part of it.',
    }
  if (features.includes('AMT'))
    return {
      support: 'amt',
      reason: 'AMT_READY',
      message: 'This machine has Intel AMT.',
      remedy: 'It can be managed.',
    }
  return {
    support: 'unsupported',
    reason: 'SKU_NOT_MANAGEABLE',
    message: `The SKU of this machine (${sku}) has neither AMT nor Standard Manageability.`,
    remedy: 'It cannot be managed.',
  }
}

const of = (support: 'unsupported' | 'unknown', fault: Fault): Detection => ({
  support,
  reason: fault.code,
  message: fault.message,
  remedy: fault.remedy,
})

const notReady = (fault: Fault): Detection => ({
  ...of('unknown', fault),
  reason: fault.detail.code === amthiStatus.notReady ? 'AMT_NOT_READY' : fault.code,
})

const unreadable: Detection = {
  support: 'unknown',
  reason: 'AMT_VERSION_UNKNOWN',
  message: 'AMT does not say which version and SKU it is.',
  remedy: 'Update the firmware of the machine.',
}
