import { cimClass, datetime, flag, integer, list, method, secretText, text } from '../../wsman/cim.ts'

/** `AccessPermission` of a user. */
export const ACCESS_PERMISSION = { local: 0, network: 1, any: 2 } as const

/** Accounts; a digest password is base64 of the 16 bytes of HA1 (reference/amt-firmware.md 8.14). */
export const AMT_AuthorizationService = cimClass('AMT_AuthorizationService', {
  properties: {
    AllowHttpQopAuthOnly: integer,
    CreationClassName: text,
    ElementName: text,
    EnabledState: integer,
    InstallDate: datetime,
    Name: text,
    RequestedState: integer,
    SystemCreationClassName: text,
    SystemName: text,
  },
  methods: {
    SetAdminAclEntryEx: method({ Username: text, DigestPassword: secretText }, {}, { once: true }),
    GetAdminAclEntry: method({}, { Username: text }),
    GetAdminAclEntryStatus: method({}, { IsDefault: flag }),
    GetAdminNetAclEntryStatus: method({}, { IsDefault: flag }),
    EnumerateUserAclEntries: method(
      { StartIndex: integer },
      { TotalCount: integer, HandlesCount: integer, Handles: list(integer) },
    ),
    GetUserAclEntryEx: method(
      { Handle: integer },
      { DigestUsername: text, AccessPermission: integer, Realms: list(integer) },
    ),
    AddUserAclEntryEx: method(
      { DigestUsername: text, DigestPassword: secretText, AccessPermission: integer, Realms: list(integer) },
      { Handle: integer },
      { once: true },
    ),
    UpdateUserAclEntryEx: method({
      Handle: integer,
      DigestUsername: text,
      DigestPassword: secretText,
      AccessPermission: integer,
      Realms: list(integer),
    }),
    RemoveUserAclEntry: method({ Handle: integer }, {}, { once: true }),
    SetAclEnabledState: method({ Handle: integer, Enabled: flag }),
    GetAclEnabledState: method({ Handle: integer }, { Enabled: flag }),
  },
})
