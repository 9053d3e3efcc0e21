import { faultTable } from '../values/index.ts'

/** Faults of every way to the management engine (`MeiPort`). */
export const meiFaults = faultTable({
  MEI_NO_DRIVER: {
    kind: 'unavailable',
    message: 'This machine has no way to its management engine: {device} does not exist.',
    remedy:
      'Load the driver (`modprobe mei_me`); where that does nothing the machine, or this virtual machine, has no Intel ME.',
  },
  MEI_NO_PERMISSION: {
    kind: 'denied',
    message: 'The management engine may not be opened: access to {device} was refused.',
    remedy: 'Run this as root, or grant the user access to {device}.',
  },
  MEI_NO_CLIENT: {
    kind: 'device',
    message: 'The management engine of this machine has no {client} client.',
    remedy: 'This is what a machine without AMT answers (a consumer SKU, or AMT fused off); it cannot be managed.',
  },
  MEI_BUSY: {
    kind: 'conflict',
    message: 'The {client} client of the management engine is held by another program.',
    remedy: 'Stop the other program (LMS, or another rpc) or use it: LMS serves the same on 127.0.0.1:16992.',
  },
  MEI_RESET: {
    kind: 'unavailable',
    message: 'The management engine went away: it restarts or is disabled.',
    remedy: 'Try again in a few seconds; where it stays so, look in the BIOS whether Intel ME is enabled.',
  },
})
