import { createHash } from 'node:crypto'
import {
  type Bytes,
  concat,
  equalBytes,
  Fault,
  type FaultKind,
  fromBase64,
  type Guid,
  guid,
  toHex,
  utf8,
} from '@outrider/protocols/values'
import type { EndpointReference, Selectors, Wsman } from '@outrider/protocols/wsman'
import type { ControlMode } from '../../hosts/index.ts'
import type { SecretValues, SecretVersion, StoredSecret } from '../../ports/index.ts'
import type { ActivationDevice, ActivationPorts, Credentials, ProvisioningProof } from '../index.ts'

type Instance = Record<string, unknown>

const fault = (kind: FaultKind, code: string, detail: Record<string, string | number> = {}): Fault =>
  new Fault({ kind, code, message: code, remedy: '', detail })
const unauthorized = (): Fault => fault('auth', 'WSMAN_UNAUTHORIZED')
const missing = (): Fault => fault('missing', 'WSMAN_NOT_FOUND')
const refused = (method: string, status: string): Fault => fault('device', 'AMT_REFUSED', { method, status })
export const disconnected = (): Fault => fault('unavailable', 'DEVICE_DISCONNECTED')

export const md5 = (bytes: Bytes): Bytes => createHash('md5').update(bytes).digest()
export const PROJECT = guid('11111111-1111-4111-8111-111111111111')
const GUID: Guid = guid('22222222-2222-4222-8222-222222222222')

/** Leaf, intermediate and root, as far as a fake looks at them. */
export const provisioningChain: readonly Bytes[] = [Uint8Array.of(1), Uint8Array.of(2, 2), Uint8Array.of(3, 3, 3)]
const fakeSignature = (bytes: Bytes): Bytes => Uint8Array.of(0x5a, ...bytes)
export const fakeProof: ProvisioningProof = { chain: provisioningChain, sign: async (bytes) => fakeSignature(bytes) }

/** A power cut at the n-th thing that is asked of anybody: before it is done, or after it is done and unheard. */
export class Cut {
  private left: number
  readonly when: 'before' | 'after'
  happened = false
  constructor(nth: number, when: 'before' | 'after') {
    this.left = nth
    this.when = when
  }
  async around<T>(work: () => Promise<T> | T): Promise<T> {
    if (this.happened) throw disconnected()
    this.left -= 1
    if (this.left !== 0) return work()
    this.happened = true
    if (this.when === 'after') await work()
    throw disconnected()
  }
}

/** AMT with the rules activation depends on: accounts, control mode, remote access (reference/amt-firmware.md 8, 9). */
export class FakeAmt {
  readonly realm = 'Digest:F3EB554784E729164447A89F60B641C5'
  readonly local: Credentials & { readonly text: string }
  mode: 0 | 1 | 2 = 0
  adminHa1: string | undefined
  setups = 0
  calls: string[] = []
  /** Method name to the status it is refused with. */
  refuse = new Map<string, string>()
  lacking = new Set<string>()
  canModifyConsent = 0
  roomForRoots = 4
  instances = new Map<string, Instance[]>()
  mpsPassword: string | undefined
  mebxPassword: string | undefined
  /** Counts `AdminSetup` and `UpgradeClientToAdmin` that were carried out. */
  adminSetups = 0
  upgrades = 0
  nonce: Bytes = Uint8Array.from({ length: 20 }, (_, at) => at)
  private chain: Bytes[] = []
  private chainStatus = 0
  /** What happens the moment the device starts to dial. */
  onDial: (() => void) | undefined
  private handles = 0

  constructor(local: Credentials) {
    this.local = { ...local, text: local.password.reveal() }
    this.factory()
  }

  factory(): void {
    this.mode = 0
    this.adminHa1 = undefined
    this.mpsPassword = undefined
    this.chain = []
    this.chainStatus = 0
    this.canModifyConsent = 0
    this.instances = new Map<string, Instance[]>([
      [
        'AMT_GeneralSettings',
        [{ DigestRealm: this.realm, SharedFQDN: true, AMTNetworkEnabled: 1, RmcpPingResponseEnabled: true }],
      ],
      [
        'AMT_EthernetPortSettings',
        [
          {
            InstanceID: 'Intel(r) AMT Ethernet Port Settings 0',
            MACAddress: 'c8-d9-d2-7a-1e-33',
            DHCPEnabled: true,
            IpSyncEnabled: true,
            SharedStaticIp: false,
            IPAddress: '192.168.0.24',
          },
        ],
      ],
      ['AMT_RedirectionService', [{ EnabledState: 32768, ListenerEnabled: false, AccessLog: ['x'] }]],
      ['CIM_KVMRedirectionSAP', [{ EnabledState: 3 }]],
      ['IPS_OptInService', [{ OptInRequired: 4294967295, OptInState: 0 }]],
      ['AMT_EnvironmentDetectionSettingData', [{ InstanceID: 'Intel(r) AMT Environment Detection Settings' }]],
      ['AMT_UserInitiatedConnectionService', [{ EnabledState: 32768 }]],
      ['AMT_PublicKeyCertificate', []],
      ['AMT_ManagementPresenceRemoteSAP', []],
      ['AMT_RemoteAccessPolicyRule', []],
      ['AMT_RemoteAccessPolicyAppliesToMPS', []],
    ])
  }

  list(name: string): Instance[] {
    const found = this.instances.get(name)
    if (found === undefined || this.lacking.has(name)) throw missing()
    return found
  }

  letsIn({ username, password }: Credentials): boolean {
    if (username === '$$OsAdmin') return this.mode === 0 && password.reveal() === this.local.text
    return username === 'admin' && this.adminHa1 === toHex(md5(utf8(`admin:${this.realm}:${password.reveal()}`)))
  }

  get dials(): boolean {
    return (
      this.mode !== 0 &&
      this.list('AMT_RemoteAccessPolicyRule').length > 0 &&
      ((this.list('AMT_EnvironmentDetectionSettingData')[0]!.DetectionStrings as string[] | undefined) ?? []).length > 0
    )
  }

  as(credentials: Credentials, cut?: Cut): Wsman {
    const guard = <T>(name: string, work: () => T): Promise<T> => {
      const run = (): T => {
        this.calls.push(name)
        if (!this.letsIn(credentials)) throw unauthorized()
        const before = this.dials
        const done = work()
        if (!before && this.dials) this.onDial?.()
        return done
      }
      return cut === undefined ? Promise.resolve().then(run) : cut.around(run)
    }
    const wsman = {
      get: (cls: { name: string }) =>
        guard(`Get ${cls.name}`, () => {
          if (cls.name === 'IPS_HostBasedSetupService')
            return {
              CurrentControlMode: this.mode,
              AllowedControlModes: [2, 1],
              CertChainStatus: this.chainStatus,
              ConfigurationNonce: this.nonce,
            }
          const found = { ...this.list(cls.name)[0] }
          if (cls.name === 'IPS_OptInService') found.CanModifyOptInPolicy = this.mode === 1 ? this.canModifyConsent : 1
          return found
        }),
      put: (cls: { name: string }, instance: Instance, selectors: Selectors) =>
        guard(`Put ${cls.name}`, () => {
          this.refuseWhere(`Put ${cls.name}`)
          if (cls.name === 'IPS_OptInService' && this.mode === 1 && this.canModifyConsent === 0)
            throw fault('device', 'WSMAN_FAULT', { subcode: 'AccessDenied' })
          const all = this.list(cls.name)
          const at = all.findIndex((each) => Object.entries(selectors).every(([key, value]) => each[key] === value))
          if (at < 0) throw missing()
          all[at] = { ...instance }
          return instance
        }),
      enumerate: (cls: { name: string }) => guard(`Enumerate ${cls.name}`, () => [...this.list(cls.name)]),
      delete: (cls: { name: string }, selectors: Selectors) =>
        guard(`Delete ${cls.name}`, () => {
          const all = this.list(cls.name)
          const at = all.findIndex((each) => Object.entries(selectors).every(([key, value]) => each[key] === value))
          if (at < 0) throw missing()
          if (cls.name === 'AMT_ManagementPresenceRemoteSAP' && this.list('AMT_RemoteAccessPolicyRule').length > 0)
            throw refused('Delete', 'NOT_PERMITTED')
          all.splice(at, 1)
          if (cls.name === 'AMT_RemoteAccessPolicyRule') this.instances.set('AMT_RemoteAccessPolicyAppliesToMPS', [])
        }),
      invoke: (cls: { name: string }, method: string, input: Instance) =>
        guard(`${cls.name}.${method}`, () => {
          this.refuseWhere(method)
          return this.invoke(method, cls.name, input)
        }),
    }
    return wsman as unknown as Wsman
  }

  private requireProof(method: string, input: Instance): void {
    if (this.chainStatus !== 2) throw refused(method, 'INVALID_STATE')
    const signed = fakeSignature(concat([this.nonce, input.McNonce as Bytes]))
    if (!equalBytes(signed, input.DigitalSignature as Bytes)) throw refused(method, 'AUTHENTICATION_FAILED')
    this.mode = 2
    this.canModifyConsent = 1
    this.chainStatus = 0
    this.nonce = this.nonce.map((byte) => byte + 1)
  }

  private refuseWhere(method: string): void {
    const status = this.refuse.get(method)
    if (status !== undefined) throw refused(method, status)
  }

  private invoke(method: string, cls: string, input: Instance): Instance {
    switch (method) {
      case 'Setup':
        if (this.mode !== 0) throw refused(method, 'INVALID_STATE')
        this.setups += 1
        this.mode = 1
        this.adminHa1 = (input.NetworkAdminPassword as { reveal(): string }).reveal()
        return { ReturnValue: 0 }
      case 'AddNextCertInChain': {
        const { NextCertificate, IsLeafCertificate, IsRootCertificate } = input
        if (this.mode === 2) throw refused(method, 'INVALID_STATE')
        if (IsLeafCertificate === true) this.chain = []
        else if (this.chainStatus !== 1) throw refused(method, 'INVALID_STATE')
        this.chain.push(NextCertificate as Bytes)
        const right = this.chain.every((each, at) => equalBytes(each, provisioningChain[at] ?? new Uint8Array()))
        this.chainStatus = right ? (IsRootCertificate === true ? 2 : 1) : 0
        if (!right) throw refused(method, 'CERTIFICATE_VERIFICATION_FAILED')
        return { ReturnValue: 0 }
      }
      case 'AdminSetup':
        if (this.mode !== 0) throw refused(method, 'INVALID_STATE')
        this.requireProof(method, input)
        this.adminSetups += 1
        this.adminHa1 = (input.NetworkAdminPassword as { reveal(): string }).reveal()
        return { ReturnValue: 0 }
      case 'UpgradeClientToAdmin':
        if (this.mode !== 1) throw refused(method, 'INVALID_STATE')
        this.requireProof(method, input)
        this.upgrades += 1
        return { ReturnValue: 0 }
      case 'SetMEBxPassword':
        if (this.mode !== 2) throw refused(method, 'NOT_PERMITTED')
        this.mebxPassword = (input.Password as { reveal(): string }).reveal()
        return { ReturnValue: 0 }
      case 'SetAdminAclEntryEx':
        this.adminHa1 = toHex(fromBase64((input.DigestPassword as { reveal(): string }).reveal())!)
        return { ReturnValue: 0 }
      case 'Unprovision':
        this.factory()
        return { ReturnValue: 0 }
      case 'RequestStateChange':
        this.list(cls)[0]!.EnabledState = input.RequestedState
        return { ReturnValue: 0 }
      case 'AddTrustedRootCertificate': {
        const store = this.list('AMT_PublicKeyCertificate')
        const blob = input.CertificateBlob as Bytes
        if (store.some((each) => equalBytes(each.X509Certificate as Bytes, blob))) throw refused(method, 'DUPLICATE')
        if (store.length >= this.roomForRoots) throw refused(method, 'MAX_LIMIT_REACHED')
        store.push({ InstanceID: `cert ${this.handles++}`, X509Certificate: blob, TrustedRootCertficate: true })
        return { ReturnValue: 0 }
      }
      case 'AddMpServer': {
        const Name = `Intel(r) AMT:Management Presence Server ${this.handles++}`
        const { AccessInfo, Port, InfoFormat, CN } = input
        this.list('AMT_ManagementPresenceRemoteSAP').push({ Name, AccessInfo, Port, InfoFormat, CN })
        this.mpsPassword = (input.Password as { reveal(): string }).reveal()
        return { ReturnValue: 0, MpServer: { resourceUri: '', selectors: { Name } } }
      }
      case 'AddRemoteAccessPolicyRule': {
        const rules = this.list('AMT_RemoteAccessPolicyRule')
        if (rules.some((each) => each.Trigger === input.Trigger)) throw refused(method, 'DUPLICATE')
        const PolicyRuleName = input.Trigger === 2 ? 'Periodic' : 'User Initiated'
        const { Trigger, TunnelLifeTime, ExtendedData } = input
        rules.push({ PolicyRuleName, Trigger, TunnelLifeTime, ExtendedData })
        const PolicySet: EndpointReference = { resourceUri: '', selectors: { PolicyRuleName } }
        this.list('AMT_RemoteAccessPolicyAppliesToMPS').push({ ManagedElement: input.MpServer, PolicySet, MpsType: 0 })
        return { ReturnValue: 0 }
      }
      default:
        throw missing()
    }
  }
}

/** What the server side keeps; it outlives every attempt. */
export class FakeHouse {
  stored: StoredSecret = {}
  registered: string[] = []
  changed = 0
  steps: string[] = []
  now = 0
  private version = 0
  private bytes = 1

  attempt(
    amt: FakeAmt,
    cut?: Cut,
    more: Partial<ActivationDevice> = {},
  ): { readonly device: ActivationDevice; readonly ports: ActivationPorts } {
    const reported: ControlMode = (['none', 'client', 'admin'] as const)[amt.mode]
    return {
      device: {
        project: PROJECT,
        guid: GUID,
        controlMode: reported,
        ...(reported === 'none' ? { local: amt.local } : {}),
        as: (credentials) => amt.as(credentials, cut),
        ...more,
      },
      ports: this.ports(cut),
    }
  }

  ports(cut?: Cut): ActivationPorts {
    const guard = async <T>(work: () => T): Promise<T> => (cut === undefined ? work() : cut.around(work))
    return {
      md5,
      random: { bytes: (length) => Uint8Array.from({ length }, () => (this.bytes = (this.bytes * 73 + 41) % 251)) },
      clock: {
        now: () => this.now,
        monotonic: () => this.now,
        sleep: async (span, signal) => {
          signal.throwIfAborted()
          this.now += span
        },
      },
      report: ({ step }) => void this.steps.push(step),
      secrets: {
        read: () => guard(() => this.stored),
        writePending: (values: SecretValues) =>
          guard((): SecretVersion => {
            const pending = { values, version: ++this.version }
            this.stored = { ...this.stored, pending }
            return pending
          }),
        promote: (version) =>
          guard(() => {
            const { pending, promoted } = this.stored
            if (promoted?.version === version) return 'promoted' as const
            if (pending?.version !== version) return 'stale' as const
            this.stored = { promoted: pending }
            return 'promoted' as const
          }),
      },
      registry: {
        register: (device) => guard(() => void this.registered.push(device.guid)),
        forget: async () => {},
        credentialsChanged: () => guard(() => void this.changed++),
      },
    }
  }
}
