import { decodeWatchdogRequest, encodeChangeToAmtEnabled, encodeOperationalStateReply } from '@outrider/protocols/mei'
import type { Bytes } from '@outrider/protocols/values'
import type { Device } from '../device.ts'

// The watchdog client: whether AMT is switched on in BIOS, and switching it (amt-firmware.md 3.3).

const SUCCESS = 0
const NOT_PERMITTED = 16

/** Only a machine nobody has provisioned, and whose maker did not lock it, lets itself be switched. */
const changeAllowed = ({ quirks, store: { now } }: Device): boolean =>
  quirks.operationalState && now.bios.changeAllowed && now.settings.provisioningState === 0

/** The response to one watchdog message. Throws `WIRE_MALFORMED`. */
export const answerWatchdog = (device: Device, message: Bytes): Bytes => {
  const request = decodeWatchdogRequest(message)
  const { bios } = device.store.now
  if (request.type === 'isChangeToAmtEnabled')
    return encodeChangeToAmtEnabled({
      transitionAllowed: changeAllowed(device),
      amtEnabled: bios.enabled,
      restricted: !bios.changeAllowed,
      tlsEnforcedOnLocalPorts: device.quirks.localTls === 'enforced',
      newInterface: device.quirks.operationalState,
    })
  if (!changeAllowed(device)) return encodeOperationalStateReply(NOT_PERMITTED)
  device.store.change((draft) => {
    draft.bios.enabled = request.enabled
  })
  device.events.emit('amt', { enabled: request.enabled })
  return encodeOperationalStateReply(SUCCESS)
}
