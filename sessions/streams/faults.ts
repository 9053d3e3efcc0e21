import { faultTable } from '@outrider/protocols/values'

export const streamFaults = faultTable({
  STREAM_CLOSED: {
    kind: 'unavailable',
    message: 'The connection was closed.',
    remedy: 'Try again; if it happens again, look for the reason at the other end.',
  },
  STREAM_CUT: {
    kind: 'unavailable',
    message: 'The connection was cut by the other end or by the network.',
    remedy: 'Try again; if it happens again, check the network between the two ends.',
  },
})
