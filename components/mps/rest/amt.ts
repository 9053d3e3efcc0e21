import type { RequestContext } from '@outrider/domain/identity'
import { readPowerState } from '@outrider/domain/power'
import {
  AMT_BootCapabilities,
  AMT_GeneralSettings,
  AMT_SetupAndConfigurationService,
  CIM_PowerManagementService,
  CIM_SoftwareIdentity,
} from '@outrider/protocols/amt'
import { route } from '@outrider/protocols/rest'
import { Fault } from '@outrider/protocols/values'
import { Type } from 'typebox'
import type { AuditLogAct } from '../audit.ts'
import type { ConnectedDevices } from '../devices/connected.ts'
import { requestPlainPower } from '../power-action.ts'
import { guidOf, guidParams } from './devices.ts'
import { headerOf } from './header.ts'

const row = route<RequestContext>()
const GET = 'http://schemas.xmlsoap.org/ws/2004/09/transfer/GetResponse'

/** Plain power requests; what needs boot options has routes of its own (reference/mps.md 4.2). */
const actions = [2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13, 14]

const powerAct = (body: unknown): string => {
  const action = typeof body === 'object' && body !== null && 'action' in body ? body.action : undefined
  return typeof action === 'number' ? `power-action-${action}` : 'power-action'
}

/** `/api/v1/amt/...` (reference/mps.md 4.2). */
export const amtRoutes = (connected: ConnectedDevices, audit: AuditLogAct) => [
  row({
    method: 'GET',
    path: '/api/v1/amt/power/state/:guid',
    about: 'Reads the power state of a connected device.',
    permission: 'view',
    scope: 'caller',
    origin: 'legacy-mps',
    params: guidParams,
    handle: async ({ params, context, signal }) => {
      const link = connected.requireIn(context.projects, guidOf(params.guid))
      const powerstate = await link.withWsman((wsman) => readPowerState(wsman, signal), signal)
      const OSPowerSavingState = await link.osPowerSaving(signal)
      return { status: 200, body: { powerstate, OSPowerSavingState } }
    },
  }),
  row({
    method: 'POST',
    path: '/api/v1/amt/power/action/:guid',
    audit: { act: ({ body }) => powerAct(body), byHandler: true },
    about: 'Sends one power request to a connected device. A refusal of the device is in `ReturnValue`.',
    permission: 'power',
    scope: 'caller',
    origin: 'legacy-mps',
    params: guidParams,
    body: Type.Object({ action: Type.Union(actions.map((code) => Type.Literal(code))) }),
    handle: async ({ params, body, context, from, signal }) => {
      const link = connected.requireIn(context.projects, guidOf(params.guid))
      const act = {
        caller: context.caller,
        project: link.entry.project,
        from,
        act: `power-action-${body.action}`,
        guid: link.guid,
      }
      const answer = (ReturnValue: number, ReturnValueStr: string) => ({
        status: 200,
        body: {
          Header: headerOf(CIM_PowerManagementService, 'RequestPowerStateChange'),
          Body: { ReturnValue, ReturnValueStr },
        },
      })
      try {
        await link.withWsman((wsman) => requestPlainPower(wsman, body.action, signal), signal)
        await audit(act, undefined, signal)
        return answer(0, 'SUCCESS')
      } catch (error) {
        // Whatever else it is, the surface answers and records it.
        const fault = Fault.from(error)
        if (fault.code !== 'AMT_REFUSED') throw error
        await audit(act, fault, signal)
        return answer(Number(fault.detail.returnValue), String(fault.detail.status).replace('PT_STATUS_', ''))
      }
    },
  }),
  row({
    method: 'GET',
    path: '/api/v1/amt/power/capabilities/:guid',
    about: 'Lists the power requests a connected device takes, by name.',
    permission: 'view',
    scope: 'caller',
    origin: 'legacy-mps',
    params: guidParams,
    handle: async ({ params, context, signal }) => {
      const link = connected.requireIn(context.projects, guidOf(params.guid))
      const capabilities = await link.withWsman((wsman) => wsman.get(AMT_BootCapabilities, {}, signal), signal)
      const identities = await link.withWsman((wsman) => wsman.enumerate(CIM_SoftwareIdentity, signal), signal)
      const version = identities.find(({ InstanceID }) => InstanceID === 'AMT')?.VersionString ?? ''
      return { status: 200, body: capabilityNames(Number.parseInt(version, 10), capabilities) }
    },
  }),
  row({
    method: 'GET',
    path: '/api/v1/amt/generalSettings/:guid',
    about: 'Reads the general settings of a connected device.',
    permission: 'operate',
    scope: 'caller',
    origin: 'legacy-mps',
    params: guidParams,
    handle: async ({ params, context, signal }) => {
      const link = connected.requireIn(context.projects, guidOf(params.guid))
      const Body = await link.withWsman((wsman) => wsman.get(AMT_GeneralSettings, {}, signal), signal)
      return { status: 200, body: { Header: headerOf(AMT_GeneralSettings, GET), Body } }
    },
  }),
  row({
    method: 'GET',
    path: '/api/v1/amt/version/:guid',
    about: 'Reads the firmware versions of a connected device.',
    permission: 'view',
    scope: 'caller',
    origin: 'legacy-mps',
    params: guidParams,
    handle: async ({ params, context, signal }) => {
      const link = connected.requireIn(context.projects, guidOf(params.guid))
      const [responses, response] = await link.withWsman(
        (wsman) =>
          Promise.all([
            wsman.enumerate(CIM_SoftwareIdentity, signal),
            wsman.get(AMT_SetupAndConfigurationService, {}, signal),
          ]),
        signal,
      )
      return {
        status: 200,
        body: {
          CIM_SoftwareIdentity: { responses, status: 200 },
          AMT_SetupAndConfigurationService: {
            // The one-time password of an old provisioning mode is nobody's to read.
            response: { ...response, ProvisioningServerOTP: undefined },
            status: 200,
          },
        },
      }
    },
  }),
]

const capabilityNames = (
  major: number,
  boot: { readonly BIOSSetup?: boolean; readonly SecureErase?: boolean; readonly ForceDiagnosticBoot?: boolean },
): Record<string, number> => ({
  'Power up': 2,
  'Power cycle': 5,
  'Power down': 8,
  Reset: 10,
  ...(major > 9 ? { 'Soft-off': 12, 'Soft-reset': 14, Sleep: 4, Hibernate: 7 } : {}),
  ...(boot.BIOSSetup === true ? { 'Power up to BIOS': 100, 'Reset to BIOS': 101 } : {}),
  ...(boot.SecureErase === true ? { 'Reset to Secure Erase': 104 } : {}),
  'Reset to IDE-R Floppy': 200,
  'Power on to IDE-R Floppy': 201,
  'Reset to IDE-R CDROM': 202,
  'Power on to IDE-R CDROM': 203,
  ...(boot.ForceDiagnosticBoot === true ? { 'Power on to diagnostic': 300, 'Reset to diagnostic': 301 } : {}),
  'Reset to PXE': 400,
  'Power on to PXE': 401,
})
