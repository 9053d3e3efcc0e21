import { faultTable } from '@outrider/protocols/values'

export const faults = faultTable({
  SETTING_UNKNOWN: {
    kind: 'invalid',
    message: 'There is no setting {key}.',
    remedy: '{hint}',
  },
  SETTING_INVALID: {
    kind: 'invalid',
    message: 'The setting {key} {why}.',
    remedy: 'Correct it, or unset it to take the default.',
  },
})
