import { faultTable } from '@outrider/protocols/values'

export const secretsFileFaults = faultTable({
  SECRETS_UNREADABLE: {
    kind: 'bug',
    message: 'The secret file {path} cannot be opened: {reason}.',
    remedy:
      'Restore the secret file and its key file together from the same backup; nothing is made anew, because every device would be lost.',
  },
  SECRETS_UNAVAILABLE: {
    kind: 'unavailable',
    message: 'The secret file {path} cannot be written or read: {reason}.',
    remedy: 'See that its disk works, has room and belongs to this user; work resumes by itself.',
  },
  SECRETS_IN_USE: {
    kind: 'conflict',
    message: 'Another process has the secret file {path} open.',
    remedy: 'Stop the other service, or give this one a data folder of its own.',
  },
  SECRETS_CLOSED: {
    kind: 'unavailable',
    message: 'The secret file is closed because the service is stopping.',
    remedy: 'Ask again when the service has started.',
  },
})
