import {
  AMT_EnvironmentDetectionSettingData,
  AMT_ManagementPresenceRemoteSAP,
  AMT_MPSUsernamePassword,
  AMT_RemoteAccessCapabilities,
  AMT_RemoteAccessPolicyAppliesToMPS,
  AMT_RemoteAccessPolicyRule,
  AMT_RemoteAccessService,
  AMT_UserInitiatedConnectionService,
  INFO_FORMAT,
  IPS_HTTPProxyAccessPoint,
  IPS_HTTPProxyService,
  MPS_AUTHENTICATION,
  MPS_TYPE,
} from '@outrider/protocols/amt'
import { fromBase64, toBase64 } from '@outrider/protocols/values'
import { type TriggerName, triggerByNumber, triggerByRule, triggers } from '../../cira/triggers.ts'
import { lowestFree, numberIn, proxyName, refer, selectorText, serverName, serviceKeys } from '../instance-names.ts'
import { classModel, refuse, returns } from '../model.ts'

// Where and when the device dials home (amt-firmware.md 8.13).

const SERVICE = 'Intel(r) AMT Remote Access Service'
const USER_SERVICE = 'Intel(r) AMT User Initiated Connection Service'
const PROXY_SERVICE = 'Intel(r) ME HTTP Proxy Service'
const ENVIRONMENT = 'Intel(r) AMT Environment Detection Settings'

const MAX_SERVERS = 6
const MAX_POLICIES = 3
const MAX_PROXIES = 15
const MAX_CREDENTIAL = 16
const MAX_DETECTION_STRINGS = 5

const NOT_PERMITTED = 16
const MAX_LIMIT_REACHED = 23
const INVALID_PARAMETER = 36
const INVALID_STATE_PARAMETER = 5
const DUPLICATE = 2058

const infoFormats: readonly number[] = Object.values(INFO_FORMAT)
const mpsTypes: readonly number[] = Object.values(MPS_TYPE)

const serverKeys = (index: number) => serviceKeys(AMT_ManagementPresenceRemoteSAP, serverName(index))
const ruleKeys = (trigger: TriggerName) => ({
  CreationClassName: AMT_RemoteAccessPolicyRule.name,
  PolicyRuleName: triggers[trigger].rule,
  SystemCreationClassName: 'CIM_ComputerSystem',
  SystemName: 'Intel(r) AMT',
})

const isPort = (port: number | undefined): port is number => port !== undefined && port >= 1 && port <= 65535

export const remoteAccessClasses = [
  classModel(AMT_RemoteAccessService, {
    subject: 'remoteAccess',
    instances: ({ device }) => [
      {
        ...serviceKeys(AMT_RemoteAccessService, SERVICE),
        ElementName: SERVICE,
        IsRemoteTunnelConnected: device.volatile.tunnel.at === 'connected',
        RemoteTunnelKeepAliveTimeout: 4294967295,
      },
    ],
    methods: {
      AddMpServer: ({ state: { settings } }, input) => {
        const { AccessInfo, InfoFormat, Port, AuthMethod, Username, Password, CN } = input
        if (AccessInfo === undefined || AccessInfo === '' || !infoFormats.includes(InfoFormat ?? -1) || !isPort(Port))
          return returns(INVALID_PARAMETER)
        const certificate = selectorText(input.Certificate, 'InstanceID') ?? null
        if (AuthMethod === MPS_AUTHENTICATION.mutualTls) {
          if (certificate === null) return returns(INVALID_PARAMETER)
        } else if (AuthMethod === MPS_AUTHENTICATION.usernamePassword) {
          const fits = (text: string | undefined) => text !== undefined && text !== '' && text.length <= MAX_CREDENTIAL
          if (!fits(Username) || !fits(Password?.reveal())) return returns(INVALID_PARAMETER)
        } else return returns(INVALID_PARAMETER)
        if (settings.servers.some((each) => each.accessInfo === AccessInfo && each.port === Port))
          return returns(DUPLICATE)
        if (settings.servers.length >= MAX_SERVERS) return returns(MAX_LIMIT_REACHED)
        const index = lowestFree(settings.servers.map((each) => each.index))
        settings.servers.push({
          index,
          accessInfo: AccessInfo,
          infoFormat: InfoFormat!,
          port: Port,
          cn: CN ?? '',
          authMethod: AuthMethod,
          username: Username ?? '',
          password: Password?.reveal() ?? '',
          certificate,
        })
        return { MpServer: refer(AMT_ManagementPresenceRemoteSAP, serverKeys(index)), ReturnValue: 0 }
      },
      AddRemoteAccessPolicyRule: ({ state: { settings } }, input) => {
        const trigger = triggerByNumber(input.Trigger ?? -1)
        if (trigger === undefined) return returns(INVALID_PARAMETER)
        const external = serverIndex(input.MpServer)
        const internal = serverIndex(input.InternalMpServer)
        const known = (index: number | undefined): index is number =>
          settings.servers.some((each) => each.index === index)
        if (external === undefined && internal === undefined) return returns(INVALID_PARAMETER)
        if ((external !== undefined && !known(external)) || (internal !== undefined && !known(internal)))
          return returns(INVALID_PARAMETER)
        const data = input.ExtendedData ?? new Uint8Array(0)
        if (trigger === 'periodic' && data.length < 8) return returns(INVALID_PARAMETER)
        if (settings.policies.some((each) => each.trigger === trigger)) return returns(DUPLICATE)
        if (settings.policies.length >= MAX_POLICIES) return returns(MAX_LIMIT_REACHED)
        settings.policies.push({ trigger, tunnelLifeTime: input.TunnelLifeTime ?? 0, extendedData: toBase64(data) })
        if (external !== undefined)
          settings.policyServers.push({ trigger, server: external, order: 0, mpsType: MPS_TYPE.external })
        if (internal !== undefined && internal !== external)
          settings.policyServers.push({ trigger, server: internal, order: 0, mpsType: MPS_TYPE.internal })
        return { PolicyRule: refer(AMT_RemoteAccessPolicyRule, ruleKeys(trigger)), ReturnValue: 0 }
      },
      CloseRemoteAccessConnection: (call) => {
        if (call.device.volatile.tunnel.at !== 'connected') return returns(NOT_PERMITTED)
        call.afterReply(() => call.device.tunnel.closeByRequest())
        return returns(0)
      },
    },
  }),

  classModel(AMT_ManagementPresenceRemoteSAP, {
    subject: 'remoteAccess',
    instances: ({ state }) =>
      state.settings.servers.map(({ index, accessInfo, infoFormat, port, cn }) => ({
        ...serverKeys(index),
        AccessInfo: accessInfo,
        CN: cn,
        ElementName: 'Intel(r) AMT:Management Presence Server',
        InfoFormat: infoFormat,
        Port: port,
      })),
    delete: ({ state: { settings } }, found) => {
      const index = numberIn(found.Name!)
      settings.servers = settings.servers.filter((each) => each.index !== index)
      settings.policyServers = settings.policyServers.filter((each) => each.server !== index)
      return undefined
    },
  }),

  classModel(AMT_RemoteAccessPolicyRule, {
    subject: 'remoteAccess',
    instances: ({ state }) =>
      state.settings.policies.map(({ trigger, tunnelLifeTime, extendedData }) => ({
        ...ruleKeys(trigger),
        // Misspelt by the firmware.
        ElementName: 'Inte(r) AMT:Remote Access Policy',
        ExtendedData: fromBase64(extendedData)!,
        Trigger: triggers[trigger].number,
        TunnelLifeTime: tunnelLifeTime,
      })),
    delete: ({ state: { settings } }, found) => {
      const trigger = triggerByRule(found.PolicyRuleName!)
      settings.policies = settings.policies.filter((each) => each.trigger !== trigger)
      settings.policyServers = settings.policyServers.filter((each) => each.trigger !== trigger)
      return undefined
    },
  }),

  classModel(AMT_RemoteAccessPolicyAppliesToMPS, {
    subject: 'remoteAccess',
    instances: ({ state }) =>
      state.settings.policyServers.map(({ trigger, server, order, mpsType }) => ({
        ManagedElement: refer(AMT_ManagementPresenceRemoteSAP, serverKeys(server)),
        MpsType: mpsType,
        OrderOfAccess: order,
        PolicySet: refer(AMT_RemoteAccessPolicyRule, ruleKeys(trigger)),
      })),
    put: ({ state: { settings } }, instance, found) => {
      const server = serverIndex(found.ManagedElement)
      const trigger = triggerByRule(selectorText(found.PolicySet, 'PolicyRuleName') ?? '')
      const link = settings.policyServers.find((each) => each.server === server && each.trigger === trigger)
      const mpsType = instance.MpsType ?? link?.mpsType ?? 0
      if (link === undefined || !mpsTypes.includes(mpsType)) return refuse('InvalidRepresentation')
      link.mpsType = mpsType
      link.order = instance.OrderOfAccess ?? link.order
      return undefined
    },
  }),

  classModel(AMT_RemoteAccessCapabilities, {
    subject: 'remoteAccess',
    instances: () => [
      {
        ElementName: 'Intel(r) AMT:Remote Access Capabilities',
        InstanceID: 'Intel(r) AMT:Remote Access Capabilities',
        MaxMpsPerPolicy: 2,
        MaxTotalMpServers: MAX_SERVERS,
        MaxTotalPolicies: MAX_POLICIES,
        MaxTotalProxyEntryPoints: MAX_PROXIES,
      },
    ],
  }),

  classModel(AMT_MPSUsernamePassword, {
    subject: 'remoteAccess',
    instances: ({ state }) =>
      state.settings.servers
        .filter(({ authMethod }) => authMethod === MPS_AUTHENTICATION.usernamePassword)
        .map(({ index, username }) => ({
          InstanceID: `Intel(r) AMT:MPS Username Password ${index}`,
          RemoteID: username,
        })),
    put: ({ state: { settings } }, instance, found) => {
      const server = settings.servers.find((each) => each.index === numberIn(found.InstanceID!))
      const username = instance.RemoteID ?? server?.username ?? ''
      const password = instance.Secret?.reveal() ?? server?.password ?? ''
      if (server === undefined || username.length > MAX_CREDENTIAL || password.length > MAX_CREDENTIAL)
        return refuse('InvalidRepresentation')
      server.username = username
      server.password = password
      return undefined
    },
  }),

  classModel(AMT_EnvironmentDetectionSettingData, {
    subject: 'remoteAccess',
    instances: ({ state }) => [
      {
        DetectionAlgorithm: 0,
        DetectionIPv6LocalPrefixes: state.settings.detectionPrefixes,
        DetectionStrings: state.settings.detectionStrings,
        ElementName: ENVIRONMENT,
        InstanceID: ENVIRONMENT,
      },
    ],
    put: ({ state: { settings } }, instance) => {
      // No strings mean an empty list here, not an unchanged one (6.4).
      const strings = (instance.DetectionStrings ?? []).map((each) => each.trim()).filter((each) => each !== '')
      if (strings.length > MAX_DETECTION_STRINGS || (instance.DetectionAlgorithm ?? 0) !== 0)
        return refuse('InvalidRepresentation')
      settings.detectionStrings = strings
      settings.detectionPrefixes = [...(instance.DetectionIPv6LocalPrefixes ?? [])]
      return undefined
    },
  }),

  classModel(AMT_UserInitiatedConnectionService, {
    subject: 'remoteAccess',
    instances: ({ state }) => [
      {
        ...serviceKeys(AMT_UserInitiatedConnectionService, USER_SERVICE),
        ElementName: USER_SERVICE,
        EnabledState: state.settings.userInitiated.enabledState,
        LastConnectionReason: state.settings.userInitiated.lastReason,
      },
    ],
    methods: {
      RequestStateChange: ({ state: { settings } }, { RequestedState }) => {
        if (RequestedState === undefined || RequestedState < 32768 || RequestedState > 32771)
          return returns(INVALID_STATE_PARAMETER)
        settings.userInitiated.enabledState = RequestedState
        return returns(0)
      },
    },
  }),

  classModel(IPS_HTTPProxyService, {
    subject: 'remoteAccess',
    instances: () => [
      { ...serviceKeys(IPS_HTTPProxyService, PROXY_SERVICE), ElementName: PROXY_SERVICE, SyncEnabled: false },
    ],
    methods: {
      AddProxyAccessPoint: ({ state: { settings } }, { AccessInfo, InfoFormat, Port, NetworkDnsSuffix }) => {
        if (AccessInfo === undefined || AccessInfo === '' || AccessInfo.length > 256) return returns(INVALID_PARAMETER)
        if (!infoFormats.includes(InfoFormat ?? -1) || !isPort(Port)) return returns(INVALID_PARAMETER)
        const networkDnsSuffix = NetworkDnsSuffix ?? ''
        if (networkDnsSuffix.length > 192) return returns(INVALID_PARAMETER)
        const { proxies } = settings
        if (proxies.some((each) => each.accessInfo === AccessInfo && each.networkDnsSuffix === networkDnsSuffix))
          return returns(DUPLICATE)
        if (proxies.length >= MAX_PROXIES) return returns(MAX_LIMIT_REACHED)
        const index = lowestFree(proxies.map((each) => each.index))
        proxies.push({ index, accessInfo: AccessInfo, infoFormat: InfoFormat!, port: Port, networkDnsSuffix })
        return {
          ProxyAccessPoint: refer(IPS_HTTPProxyAccessPoint, serviceKeys(IPS_HTTPProxyAccessPoint, proxyName(index))),
          ReturnValue: 0,
        }
      },
    },
  }),

  classModel(IPS_HTTPProxyAccessPoint, {
    subject: 'remoteAccess',
    instances: ({ state }) =>
      state.settings.proxies.map(({ index, accessInfo, infoFormat, port, networkDnsSuffix }) => ({
        ...serviceKeys(IPS_HTTPProxyAccessPoint, proxyName(index)),
        AccessInfo: accessInfo,
        ElementName: 'Intel(r) ME:HTTP Proxy Access Point',
        InfoFormat: infoFormat,
        NetworkDnsSuffix: networkDnsSuffix,
        Port: port,
      })),
    delete: ({ state: { settings } }, found) => {
      const index = numberIn(found.Name!)
      settings.proxies = settings.proxies.filter((each) => each.index !== index)
      return undefined
    },
  }),
]

/** The server a reference points to, by the number in its name. */
function serverIndex(reference: Parameters<typeof selectorText>[0]): number | undefined {
  const name = selectorText(reference, 'Name')
  return name === undefined ? undefined : numberIn(name)
}
