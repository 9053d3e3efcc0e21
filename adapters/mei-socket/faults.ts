import { faultTable } from '@outrider/protocols/values'

export const meiSocketFaults = faultTable({
  MEI_SOCKET_IN_USE: {
    kind: 'conflict',
    message: 'Another simulated machine already serves its management engine on {path}.',
    remedy: 'Stop the other simulator, or give this machine another path.',
  },
  MEI_SOCKET_UNUSABLE: {
    kind: 'invalid',
    message: 'The management engine cannot be served on {path}: {reason}.',
    remedy: 'Choose a path of at most 107 bytes in an existing folder this user may write.',
  },
})
