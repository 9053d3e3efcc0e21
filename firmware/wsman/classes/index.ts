import type { ClassModel } from '../model.ts'
import { bootClasses } from './boot.ts'
import { certificateClasses } from './certificates.ts'
import { consentClasses } from './consent.ts'
import { inventoryClasses } from './inventory.ts'
import { logClasses } from './logs.ts'
import { networkClasses } from './network.ts'
import { powerClasses } from './power.ts'
import { redirectionClasses } from './redirection.ts'
import { remoteAccessClasses } from './remote-access.ts'
import { setupClasses } from './setup.ts'
import { timeClasses } from './time.ts'
import { tlsClasses } from './tls.ts'
import { userClasses } from './users.ts'

/** Every class this firmware has. */
export const firmwareClasses: readonly ClassModel[] = [
  ...setupClasses,
  ...powerClasses,
  ...bootClasses,
  ...redirectionClasses,
  ...consentClasses,
  ...networkClasses,
  ...certificateClasses,
  ...tlsClasses,
  ...remoteAccessClasses,
  ...userClasses,
  ...timeClasses,
  ...inventoryClasses,
  ...logClasses,
]
