import type { HostPolicy } from '../hosts/index.ts'
import type { Operation } from './operation.ts'

const SUBJECT = 'outrider:policy'

/** Who asks where no person does: the policy of the host. */
export const policyRequester = (policy: HostPolicy): Operation['requester'] => ({
  subject: SUBJECT,
  name: `policy ${policy}`,
})

export const isOfPolicy = ({ subject }: Operation['requester']): boolean => subject === SUBJECT
