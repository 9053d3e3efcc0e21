import { oneProject, type ProjectId, type RequestContext } from '@outrider/domain/identity'
import {
  type Device,
  type DeviceQuery,
  type DeviceStore,
  deviceSecretKeys,
  type SecretStore,
} from '@outrider/domain/ports'
import { route } from '@outrider/protocols/rest'
import { type Guid, parseGuid, Secret } from '@outrider/protocols/values'
import { Type } from 'typebox'
import type { ConnectedDevices } from '../devices/connected.ts'
import { mpsFaults } from '../faults.ts'
import { deviceItem } from './device-item.ts'

const row = route<RequestContext>()
const UUID = '^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$'
export const guidParams = Type.Object({ guid: Type.String({ pattern: UUID }) })
/** For parameters that the schema has found to be one. */
export const guidOf = (text: string): Guid => parseGuid(text)!

const text = (maxLength: number) => Type.Optional(Type.Union([Type.String({ maxLength }), Type.Null()]))

const deviceBody = Type.Object({
  guid: Type.String({ pattern: UUID }),
  hostname: text(255),
  friendlyName: text(255),
  dnsSuffix: text(255),
  mpsusername: text(64),
  tags: Type.Optional(Type.Union([Type.Array(Type.String()), Type.Null()])),
  deviceInfo: Type.Optional(Type.Union([Type.Record(Type.String(), Type.Unknown()), Type.Null()])),
  /** Taken only where it names the project the caller writes to. */
  tenantId: text(64),
  // For a device that was activated elsewhere: credentials go to the secret store and nowhere else.
  mpspassword: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
  username: text(64),
  password: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
  mebxpassword: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
})

const listQuery = Type.Object({
  $top: Type.Optional(Type.Integer({ minimum: 0, maximum: 10_000 })),
  $skip: Type.Optional(Type.Integer({ minimum: 0, maximum: 9_999_999_999 })),
  $count: Type.Optional(Type.Boolean()),
  hostname: Type.Optional(Type.String()),
  friendlyName: Type.Optional(Type.String()),
  tags: Type.Optional(Type.String()),
  method: Type.Optional(Type.Union([Type.Literal('AND'), Type.Literal('OR')])),
  status: Type.Optional(Type.Integer({ minimum: 0, maximum: 1 })),
})

const DEFAULT_TOP = 25

/** `/api/v1/devices` (reference/mps.md 4.2). */
export const deviceRoutes = (devices: DeviceStore, secrets: SecretStore, connected: ConnectedDevices) => {
  const show = (device: Device) =>
    deviceItem(device, connected.seen.pendingOf(device.guid), connected.find(device.project, device.guid)?.tunnel)

  const find = async (projects: readonly ProjectId[], guid: Guid, signal: AbortSignal): Promise<Device> => {
    const device = await devices.byGuid(guid, signal)
    if (device === undefined || !projects.includes(device.project)) throw mpsFaults.DEVICE_UNKNOWN({ guid })
    return device
  }

  return [
    row({
      method: 'GET',
      path: '/api/v1/devices',
      about: 'Lists the devices by GUID.',
      permission: 'view',
      scope: 'caller',
      origin: 'legacy-mps',
      query: listQuery,
      handle: async ({ query, context, signal }) => {
        const tags = query.tags?.split(',').filter((tag) => tag !== '')
        const wanted: Omit<DeviceQuery, 'skip' | 'limit'> = {
          ...(query.hostname === undefined ? {} : { hostname: query.hostname }),
          ...(query.friendlyName === undefined ? {} : { friendlyName: query.friendlyName }),
          ...(tags === undefined ? {} : { tags: query.method === 'AND' ? { all: tags } : { any: tags } }),
          ...(query.status === undefined ? {} : { connected: query.status === 1 }),
        }
        const page = { ...wanted, skip: query.$skip ?? 0, limit: query.$top ?? DEFAULT_TOP }
        const items = (await devices.list(context.projects, page, signal)).map(show)
        if (query.$count !== true) return { status: 200, body: items }
        const totalCount = await devices.count(context.projects, wanted, signal)
        return { status: 200, body: { data: items, totalCount } }
      },
    }),
    row({
      method: 'GET',
      path: '/api/v1/devices/stats',
      about: 'Counts the devices.',
      permission: 'view',
      scope: 'caller',
      origin: 'legacy-mps',
      handle: async ({ context, signal }) => {
        const totalCount = await devices.count(context.projects, {}, signal)
        const connectedCount = connected.countOf(context.projects)
        return { status: 200, body: { totalCount, connectedCount, disconnectedCount: totalCount - connectedCount } }
      },
    }),
    row({
      method: 'GET',
      path: '/api/v1/devices/tags',
      about: 'Lists the tags in use.',
      permission: 'view',
      scope: 'caller',
      origin: 'legacy-mps',
      handle: async ({ context, signal }) => ({ status: 200, body: await devices.tags(context.projects, signal) }),
    }),
    row({
      method: 'GET',
      path: '/api/v1/devices/:guid',
      about: 'Shows one device.',
      permission: 'view',
      scope: 'caller',
      origin: 'legacy-mps',
      params: guidParams,
      handle: async ({ params, context, signal }) => ({
        status: 200,
        body: show(await find(context.projects, guidOf(params.guid), signal)),
      }),
    }),
    row({
      method: 'POST',
      path: '/api/v1/devices',
      audit: { act: 'set-device', target: ({ body }) => (body as { readonly guid?: string } | undefined)?.guid },
      about: 'Registers a device, or changes what is given of a registered one.',
      permission: 'operate',
      scope: 'caller',
      origin: 'legacy-mps',
      body: deviceBody,
      handle: async ({ body, context, headers, signal }) => {
        const guid = guidOf(body.guid)
        const project = oneProject(context, headers)
        const present = await devices.get(project, guid, signal)
        const secret = credentialsOf(body)
        const device: Device = {
          ...(present ?? { guid, project, mpsUsername: '', tags: [], connected: false }),
          ...(body.hostname == null ? {} : { hostname: body.hostname }),
          ...(body.friendlyName == null ? {} : { friendlyName: body.friendlyName }),
          ...(body.dnsSuffix == null ? {} : { dnsSuffix: body.dnsSuffix }),
          ...(body.mpsusername == null ? {} : { mpsUsername: body.mpsusername }),
          ...(body.tags == null ? {} : { tags: body.tags }),
          ...(body.deviceInfo == null ? {} : { deviceInfo: body.deviceInfo }),
        }
        // The row first: it says whose device it is.
        const outcome = await devices.put(device, signal)
        if (outcome === 'foreign') throw mpsFaults.DEVICE_OF_ANOTHER_PROJECT({ guid })
        if (secret !== undefined) {
          const path = { kind: 'device', project, guid } as const
          const known = (await secrets.get(path, signal)).promoted?.values ?? {}
          await secrets.put(path, { ...known, ...secret }, undefined, signal)
          connected.find(project, guid)?.forgetCredentials()
        }
        return { status: outcome === 'inserted' ? 201 : 200, body: show(device) }
      },
    }),
    row({
      method: 'DELETE',
      path: '/api/v1/devices/:guid',
      audit: { act: 'delete-device' },
      about: 'Forgets a device and, where `isSecretToBeDeleted` says so, its credentials. Its tunnel ends.',
      permission: 'operate',
      scope: 'caller',
      origin: 'legacy-mps',
      params: guidParams,
      query: Type.Object({
        isSecretToBeDeleted: Type.Optional(Type.Boolean()),
        tenantId: Type.Optional(Type.String()),
      }),
      handle: async ({ params, query, context, signal }) => {
        const { project, guid } = await find(context.projects, guidOf(params.guid), signal)
        // The row last: without it nobody could ask for this again.
        if (query.isSecretToBeDeleted === true) await secrets.delete({ kind: 'device', project, guid }, signal)
        await devices.delete(project, guid, signal)
        connected.find(project, guid)?.tunnel.close()
        return { status: 204 }
      },
    }),
    row({
      method: 'DELETE',
      path: '/api/v1/devices/disconnect/:guid',
      audit: { act: 'disconnect-device' },
      about: 'Ends the tunnel of a device; it dials again by itself.',
      permission: 'operate',
      scope: 'caller',
      origin: 'legacy-mps',
      params: guidParams,
      handle: async ({ params, context }) => {
        const guid = guidOf(params.guid)
        connected.requireIn(context.projects, guid).tunnel.close()
        return {
          status: 200,
          body: { success: 200, description: `Device CIRA connection disconnected : ${guid}` },
        }
      },
    }),
    row({
      method: 'DELETE',
      path: '/api/v1/devices/refresh/:guid',
      audit: { act: 'refresh-device' },
      about: 'Reads the credentials of a connected device again.',
      permission: 'operate',
      scope: 'caller',
      origin: 'legacy-mps',
      params: guidParams,
      handle: async ({ params, context }) => {
        const guid = guidOf(params.guid)
        connected.requireIn(context.projects, guid).forgetCredentials()
        return { status: 200, body: { success: 200, description: `Device info refreshed : ${guid}` } }
      },
    }),
  ]
}

const credentialsOf = (body: {
  readonly mpspassword?: string
  readonly password?: string
  readonly mebxpassword?: string
}): Record<string, Secret> | undefined => {
  const values: Record<string, Secret> = {}
  if (body.mpspassword !== undefined) values[deviceSecretKeys.mps] = new Secret(body.mpspassword)
  if (body.password !== undefined) values[deviceSecretKeys.amt] = new Secret(body.password)
  if (body.mebxpassword !== undefined) values[deviceSecretKeys.mebx] = new Secret(body.mebxpassword)
  return Object.keys(values).length === 0 ? undefined : values
}
