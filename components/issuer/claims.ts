import { tokenRole } from '@outrider/domain/identity'
import type { Account } from '@outrider/domain/ports'

/** What our access tokens say beyond the standard, in the words of the identity provider clients know. */
export const accessTokenClaims = (account: Account, clientId: string): Record<string, unknown> => ({
  typ: 'Bearer',
  azp: clientId,
  preferred_username: account.name,
  realm_access: { roles: account.grants.map(({ project, role }) => tokenRole(project, role)) },
  ...(account.hostId !== undefined && { host_id: account.hostId }),
})
