/** One flag of a command: its long name, what else it is called, where else its value comes from. */
export interface Flag {
  readonly name: string
  readonly short?: string
  readonly takes: 'value' | 'nothing'
  readonly about: string
  /** Environment variables, first wins. `RPC_` and the name are looked at after them. */
  readonly env?: readonly string[]
  /** Its value must not stand on a command line, where every user of the machine sees it. */
  readonly secret?: boolean
  /** Other long names of the field's earlier generation. */
  readonly also?: readonly string[]
}

/** Of every command (reference/rpc.md 2.1, 3); the last ones are ours. */
export const globalFlags: readonly Flag[] = [
  { name: 'log-level', takes: 'value', about: 'trace, debug, info, warn, error', env: ['RPC_LOG_LEVEL'] },
  { name: 'json', short: 'j', takes: 'nothing', about: 'result and log as JSON', env: ['RPC_JSON_OUTPUT'] },
  { name: 'no-color', takes: 'nothing', about: 'taken and ignored: there are no colours', env: ['NO_COLOR'] },
  { name: 'verbose', short: 'v', takes: 'nothing', about: 'log everything', env: ['RPC_VERBOSE'] },
  {
    name: 'skip-cert-check',
    short: 'n',
    takes: 'nothing',
    about: 'do not verify the certificate of the provisioning server',
    env: ['RPC_SKIP_CERT_CHECK'],
  },
  {
    name: 'skip-amt-cert-check',
    takes: 'nothing',
    about: 'taken and ignored: RPC does not end TLS to AMT',
    env: ['RPC_SKIP_AMTCERT_CHECK'],
    also: ['skipamtcertcheck'],
  },
  {
    name: 'tenantid',
    takes: 'value',
    about: 'tenant named to the provisioning server',
    env: ['TENANT_ID'],
    also: ['tenant'],
  },
  {
    name: 'lmsaddress',
    takes: 'value',
    about: 'address of LMS; `none` to go without it',
    env: ['RPC_LMSADDRESS'],
  },
  { name: 'lmsport', takes: 'value', about: 'port of LMS in place of 16992', env: ['RPC_LMSPORT'] },
  {
    name: 'password',
    takes: 'value',
    about: 'AMT password; better in AMT_PASSWORD or a file',
    env: ['AMT_PASSWORD'],
    secret: true,
  },
  { name: 'password-file', takes: 'value', about: 'file that holds the AMT password', env: ['AMT_PASSWORD_FILE'] },
  {
    name: 'ca-file',
    takes: 'value',
    about: 'PEM file of further authorities to trust for the provisioning server',
    env: ['RPC_CA_FILE'],
  },
  { name: 'help', short: 'h', takes: 'nothing', about: 'this text' },
]

const remote: readonly Flag[] = [
  { name: 'local', short: 'l', takes: 'nothing', about: 'without a provisioning server' },
  { name: 'url', short: 'u', takes: 'value', about: 'provisioning server, ws:// or wss://', env: ['RPC_URL'] },
  { name: 'proxy', short: 'p', takes: 'value', about: 'HTTP proxy on the way to the server' },
  { name: 'uuid', takes: 'value', about: "UUID to give in place of the device's own" },
  { name: 'force', short: 'f', takes: 'nothing', about: 'skip the comparison of passwords' },
  { name: 'tls-tunnel', takes: 'nothing', about: 'offer to go on over TLS' },
]

export const commands = {
  amtinfo: {
    about: 'What this machine has of AMT',
    flags: [
      { name: 'ver', short: 'r', takes: 'nothing', about: 'version' },
      { name: 'bld', short: 'b', takes: 'nothing', about: 'build number' },
      { name: 'sku', short: 's', takes: 'nothing', about: 'SKU and features' },
      { name: 'uuid', short: 'u', takes: 'nothing', about: 'AMT UUID' },
      { name: 'upid', takes: 'nothing', about: 'platform identifiers' },
      { name: 'mode', short: 'm', takes: 'nothing', about: 'control mode' },
      { name: 'provisioningState', short: 'p', takes: 'nothing', about: 'provisioning state' },
      { name: 'dns', short: 'd', takes: 'nothing', about: 'DNS suffixes' },
      { name: 'hostname', takes: 'nothing', about: 'host name' },
      { name: 'lan', short: 'l', takes: 'nothing', about: 'network adapters' },
      { name: 'ras', short: 'a', takes: 'nothing', about: 'remote access' },
      { name: 'operationalState', takes: 'nothing', about: 'whether AMT is enabled in BIOS' },
      { name: 'cert', short: 'c', takes: 'nothing', about: 'certificate hashes' },
      { name: 'all', short: 'A', takes: 'nothing', about: 'everything, certificate hashes too' },
      { name: 'layout', takes: 'value', about: 'text layout: v2 (default) or v3' },
    ],
  },
  version: { about: 'Version of this program', flags: [] },
  activate: {
    about: 'Activate this machine by a provisioning server',
    flags: [
      ...remote,
      { name: 'profile', takes: 'value', about: 'name of the profile', env: ['RPC_PROFILE', 'PROFILE'] },
      { name: 'dns', short: 'd', takes: 'value', about: 'DNS suffix to give', env: ['DNS_SUFFIX'] },
      { name: 'hostname', takes: 'value', about: 'host name to give' },
      { name: 'name', takes: 'value', about: 'friendly name' },
      { name: 'ccm', takes: 'nothing', about: 'of local activation' },
      { name: 'acm', takes: 'nothing', about: 'of local activation' },
      { name: 'stopConfig', takes: 'nothing', about: 'of local activation' },
      {
        name: 'provisioningCert',
        takes: 'value',
        about: 'of local activation',
        env: ['PROVISIONING_CERT'],
        secret: true,
      },
      {
        name: 'provisioningCertPwd',
        takes: 'value',
        about: 'of local activation',
        env: ['PROVISIONING_CERT_PASSWORD'],
        secret: true,
      },
      { name: 'skipIPRenew', takes: 'nothing', about: 'of local activation' },
    ],
  },
  deactivate: {
    about: 'Take this machine back to factory state',
    flags: [...remote, { name: 'partial', takes: 'nothing', about: 'of local deactivation in admin control mode' }],
  },
} as const satisfies Record<string, { readonly about: string; readonly flags: readonly Flag[] }>

export type CommandName = keyof typeof commands
