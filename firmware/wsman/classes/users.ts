import { ACCESS_PERMISSION, AMT_AuthorizationService } from '@outrider/protocols/amt'
import { fromBase64, type Secret, toHex } from '@outrider/protocols/values'
import { type AuditEvent, audit, userData } from '../../audit/audit-log.ts'
import { ADMIN_USER } from '../../device.ts'
import { mayOwn } from '../../provisioning/secure-setup.ts'
import type { UserAccount } from '../../state/flash-state.ts'
import { serviceKeys } from '../instance-names.ts'
import { type Call, classModel, returns } from '../model.ts'

// Accounts (amt-firmware.md 8.14).

const SERVICE = 'Intel(r) AMT Authorization Service'
const MAX_USERS = 7

const INVALID_NAME = 12
const NOT_PERMITTED = 16
const MAX_LIMIT_REACHED = 23
const INVALID_PARAMETER = 36
const INVALID_HANDLE = 2053
const INVALID_PASSWORD = 2054
const DUPLICATE = 2058

/** HA1 as hexadecimal of its base64; `undefined` where it is not 16 bytes. */
const ha1Of = (password: Secret | undefined): string | undefined => {
  const bytes = fromBase64(password?.reveal() ?? '')
  return bytes?.length === 16 ? toHex(bytes) : undefined
}

const isPermission = (value: number | undefined): value is number =>
  value !== undefined && Object.values<number>(ACCESS_PERMISSION).includes(value)

const user = (call: Call, handle: number | undefined): UserAccount | undefined =>
  call.state.settings.users.find((each) => each.handle === handle)

const audited = (call: Call, event: AuditEvent, name: string, prefix: readonly number[] = []): void => {
  const data = userData(name)
  audit(call.state, call.device, event, call.caller, prefix.length === 0 ? data : Uint8Array.of(...prefix, ...data))
}

export const userClasses = [
  classModel(AMT_AuthorizationService, {
    subject: 'security',
    instances: () => [
      {
        ...serviceKeys(AMT_AuthorizationService, SERVICE),
        AllowHttpQopAuthOnly: 1,
        ElementName: SERVICE,
        EnabledState: 5,
        RequestedState: 12,
      },
    ],
    methods: {
      SetAdminAclEntryEx: (call, { Username, DigestPassword }) => {
        // Nobody's device has no administrator yet, unless whoever sets it up has proved to be it.
        if (call.state.settings.provisioningState !== 2 && !mayOwn(call.state, call.caller))
          return returns(NOT_PERMITTED)
        if (Username !== ADMIN_USER) return returns(INVALID_NAME)
        const ha1 = ha1Of(DigestPassword)
        if (ha1 === undefined) return returns(INVALID_PASSWORD)
        call.state.settings.adminHa1 = ha1
        call.state.counters.setAdminPassword++
        audited(call, 'userModified', ADMIN_USER, [0])
        return returns(0)
      },
      GetAdminAclEntry: () => ({ Username: ADMIN_USER, ReturnValue: 0 }),
      GetAdminAclEntryStatus: () => ({ IsDefault: false, ReturnValue: 0 }),
      GetAdminNetAclEntryStatus: () => ({ IsDefault: false, ReturnValue: 0 }),
      EnumerateUserAclEntries: ({ state: { settings } }, { StartIndex }) => {
        const handles = settings.users.map((each) => each.handle)
        const from = handles.slice(Math.max(0, (StartIndex ?? 1) - 1))
        return { TotalCount: handles.length, HandlesCount: from.length, Handles: from, ReturnValue: 0 }
      },
      GetUserAclEntryEx: (call, { Handle }) => {
        const found = user(call, Handle)
        if (found === undefined) return returns(INVALID_HANDLE)
        return { DigestUsername: found.name, AccessPermission: found.access, Realms: found.realms, ReturnValue: 0 }
      },
      AddUserAclEntryEx: (call, { DigestUsername, DigestPassword, AccessPermission, Realms }) => {
        const { settings } = call.state
        const name = DigestUsername ?? ''
        if (name === '' || name.length > 16 || name === ADMIN_USER || name.startsWith('$$'))
          return returns(INVALID_NAME)
        const ha1 = ha1Of(DigestPassword)
        if (ha1 === undefined) return returns(INVALID_PASSWORD)
        if (!isPermission(AccessPermission)) return returns(INVALID_PARAMETER)
        if (settings.users.some((each) => each.name === name)) return returns(DUPLICATE)
        if (settings.users.length >= MAX_USERS) return returns(MAX_LIMIT_REACHED)
        const handle = settings.nextUserHandle++
        settings.users.push({ handle, name, ha1, access: AccessPermission, realms: [...(Realms ?? [])], enabled: true })
        audited(call, 'userAdded', name)
        return { Handle: handle, ReturnValue: 0 }
      },
      UpdateUserAclEntryEx: (call, input) => {
        const found = user(call, input.Handle)
        if (found === undefined) return returns(INVALID_HANDLE)
        if (input.DigestPassword !== undefined) {
          const ha1 = ha1Of(input.DigestPassword)
          if (ha1 === undefined) return returns(INVALID_PASSWORD)
          found.ha1 = ha1
        }
        if (input.DigestUsername !== undefined) found.name = input.DigestUsername
        if (isPermission(input.AccessPermission)) found.access = input.AccessPermission
        if (input.Realms !== undefined) found.realms = [...input.Realms]
        audited(call, 'userModified', found.name, [0])
        return returns(0)
      },
      RemoveUserAclEntry: (call, { Handle }) => {
        const found = user(call, Handle)
        if (found === undefined) return returns(INVALID_HANDLE)
        const { settings } = call.state
        settings.users = settings.users.filter((each) => each.handle !== Handle)
        audited(call, 'userRemoved', found.name)
        return returns(0)
      },
      SetAclEnabledState: (call, { Handle, Enabled }) => {
        const found = user(call, Handle)
        if (found === undefined) return returns(INVALID_HANDLE)
        found.enabled = Enabled ?? found.enabled
        audited(call, 'userEnabledState', found.name, [found.enabled ? 1 : 0])
        return returns(0)
      },
      GetAclEnabledState: (call, { Handle }) => {
        const found = user(call, Handle)
        return found === undefined ? returns(INVALID_HANDLE) : { Enabled: found.enabled, ReturnValue: 0 }
      },
    },
  }),
]
