import { IPS_OptInService, OPT_IN_REQUIRED, OPT_IN_STATE } from '@outrider/protocols/amt'
import { seconds } from '@outrider/protocols/values'
import { audit } from '../../audit/audit-log.ts'
import { type Device, noConsent } from '../../device.ts'
import { serviceKeys } from '../instance-names.ts'
import { classModel, refuse, returns } from '../model.ts'

const SERVICE = 'Intel(r) AMT OptIn Service'
const INVALID_STATE = 2
const BLOCKED = 3
const WRONG_CODE = 4
const MAX_WRONG_CODES = 3

/** Ends a conversation whose code or consent has run out. */
const expire = (device: Device): void => {
  const { consent } = device.volatile
  if (consent.state === 0 || consent.state === OPT_IN_STATE.inSession || device.clock.now() < consent.until) return
  show(device, noConsent())
}

const show = (device: Device, consent: Device['volatile']['consent']): void => {
  device.volatile.consent = consent
  device.events.emit('screen', { consentCode: consent.state === OPT_IN_STATE.displayed ? consent.code : null })
}

/** A consent policy as the audit log writes it: nothing, remote desktop, everything. */
const policyCode = (required: number): number =>
  required === OPT_IN_REQUIRED.none ? 0 : required === OPT_IN_REQUIRED.kvm ? 1 : 2

const newCode = (device: Device): string => {
  const bytes = device.random(4)
  const number = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0) % 1_000_000
  return String(number).padStart(6, '0')
}

export const consentClasses = [
  classModel(IPS_OptInService, {
    subject: 'redirection',
    instances: ({ state: { settings }, device }) => {
      expire(device)
      return [
        {
          ...serviceKeys(IPS_OptInService, SERVICE),
          CanModifyOptInPolicy: settings.optIn.canModify,
          ElementName: SERVICE,
          OptInCodeTimeout: settings.optIn.codeTimeout,
          OptInDisplayTimeout: settings.optIn.displayTimeout,
          OptInRequired: settings.optIn.required,
          OptInState: device.volatile.consent.state,
        },
      ]
    },
    put: ({ state, device, caller }, instance) => {
      const { settings } = state
      const { optIn } = settings
      const required = instance.OptInRequired ?? optIn.required
      if (!Object.values<number>(OPT_IN_REQUIRED).includes(required)) return refuse('InvalidRepresentation')
      if (required !== optIn.required && optIn.canModify === 0) return refuse('AccessDenied')
      if (required !== optIn.required)
        audit(state, device, 'consentPolicy', caller, Uint8Array.of(policyCode(optIn.required), policyCode(required)))
      settings.optIn = {
        ...optIn,
        required,
        codeTimeout: instance.OptInCodeTimeout ?? optIn.codeTimeout,
        displayTimeout: instance.OptInDisplayTimeout ?? optIn.displayTimeout,
      }
      return undefined
    },
    methods: {
      StartOptIn: ({ state, device }) => {
        expire(device)
        if (device.volatile.consent.state !== OPT_IN_STATE.notStarted) return returns(INVALID_STATE)
        const until = device.clock.now() + seconds(state.settings.optIn.displayTimeout)
        show(device, { state: OPT_IN_STATE.displayed, code: newCode(device), wrongCodes: 0, until })
        return returns(0)
      },
      SendOptInCode: ({ state, device, caller }, { OptInCode }) => {
        expire(device)
        const { consent } = device.volatile
        if (consent.state !== OPT_IN_STATE.displayed) return returns(INVALID_STATE)
        if (OptInCode === Number(consent.code)) {
          const until = device.clock.now() + seconds(state.settings.optIn.codeTimeout)
          show(device, { ...consent, state: OPT_IN_STATE.received, until })
          audit(state, device, 'consentCodeSent', caller, Uint8Array.of(0))
          return returns(0)
        }
        const wrongCodes = consent.wrongCodes + 1
        if (wrongCodes < MAX_WRONG_CODES) {
          device.volatile.consent = { ...consent, wrongCodes }
          return returns(WRONG_CODE)
        }
        show(device, noConsent())
        // A method that is refused changes nothing; that it was tried is kept apart.
        device.store.change((draft) => audit(draft, device, 'consentCodeSent', caller, Uint8Array.of(1)))
        return returns(BLOCKED)
      },
      CancelOptIn: ({ device }) => {
        expire(device)
        if (device.volatile.consent.state === OPT_IN_STATE.notStarted) return returns(INVALID_STATE)
        show(device, noConsent())
        return returns(0)
      },
    },
  }),
]
