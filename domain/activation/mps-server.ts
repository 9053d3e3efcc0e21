import { AMT_ManagementPresenceRemoteSAP, AMT_RemoteAccessService, INFO_FORMAT } from '@outrider/protocols/amt'
import type { Secret } from '@outrider/protocols/values'
import type { EndpointReference, InstanceOf, Wsman } from '@outrider/protocols/wsman'
import { isAmbiguous, refusal } from './answers.ts'
import { activationFaults } from './faults.ts'
import type { CiraPlan } from './plan.ts'

export type MpsServer = InstanceOf<typeof AMT_ManagementPresenceRemoteSAP>

export const isOurs = (server: MpsServer, plan: CiraPlan): boolean =>
  server.AccessInfo?.toLowerCase() === plan.address.toLowerCase() &&
  server.Port === plan.port &&
  server.InfoFormat === plan.addressFormat &&
  (plan.addressFormat === INFO_FORMAT.fqdn || server.CN === undefined || server.CN === plan.commonName)

export const serverReference = (name: string): EndpointReference => ({
  resourceUri: AMT_ManagementPresenceRemoteSAP.uri,
  selectors: { Name: name },
})

/**
 * Tells the device where our MPS is and what to log in with there. Returns the name of the entry it made.
 * Throws `REMOTE_ACCESS_REFUSED`.
 */
export const addMpsServer = async (
  wsman: Wsman,
  plan: CiraPlan,
  password: Secret,
  signal: AbortSignal,
): Promise<string> => {
  let made: EndpointReference | undefined
  try {
    const answer = await wsman.invoke(
      AMT_RemoteAccessService,
      'AddMpServer',
      {
        AccessInfo: plan.address,
        InfoFormat: plan.addressFormat,
        Port: plan.port,
        AuthMethod: plan.authMethod,
        Username: plan.username,
        Password: password,
        ...(plan.addressFormat === INFO_FORMAT.fqdn ? {} : { CN: plan.commonName }),
      },
      signal,
    )
    made = answer.MpServer
  } catch (error) {
    signal.throwIfAborted()
    const status = refusal(error)
    if (status !== undefined) throw activationFaults.REMOTE_ACCESS_REFUSED({ step: 'AddMpServer', status }, error)
    // Whether it came through is looked at below; the password is pending either way, so both are true.
    if (!isAmbiguous(error)) throw error
  }
  const name = made?.selectors.Name
  if (typeof name === 'string' && name !== '') return name
  const found = (await wsman.enumerate(AMT_ManagementPresenceRemoteSAP, signal)).find((each) => isOurs(each, plan))
  if (found?.Name === undefined)
    throw activationFaults.REMOTE_ACCESS_REFUSED({ step: 'AddMpServer', status: 'NOT_FOUND' })
  return found.Name
}
