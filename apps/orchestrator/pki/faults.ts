import { faultTable } from '@outrider/protocols/values'

export const faults = faultTable({
  CA_MISSING: {
    kind: 'conflict',
    message: 'The certificate authority in {file} is not in the secret store.',
    remedy: 'Put back the secret store that belongs to this data folder. Devices and nodes trust that authority only.',
  },
  CA_UNREADABLE: {
    kind: 'conflict',
    message: 'The certificate authority in the secret store cannot be used.',
    remedy: 'Put back the secret store from a backup. A new authority is never made silently.',
  },
  CA_CHANGED: {
    kind: 'conflict',
    message: 'The certificate in {file} is not of the authority in the secret store.',
    remedy:
      'Put back the secret store that belongs to this data folder, or remove the file to accept the other authority.',
  },
})
