/** Labels of `progress` messages, letter by letter (reference/rps.md 1.8). */
export const progressLabels = {
  starting: 'Starting provisioning',
  alreadyActivated: 'Device already activated',
  activated: 'Activation completed',
  clearing: 'Clearing previous configuration',
  network: 'Configuring network settings',
  wired: 'Wired network configuration completed',
  wiredFailed: (reason: string) => `Wired network configuration failed: ${reason}`,
  wirelessProfileAdded: (name: string, auth8021x: boolean) =>
    `Added wireless profile ${name}${auth8021x ? ' (802.1x)' : ''}`,
  wirelessProfileFailed: (name: string, auth8021x: boolean, returnValue?: number) =>
    `Failed to add wireless profile ${name}${auth8021x ? ' (802.1x)' : ''}${
      returnValue === undefined ? '' : ` (ReturnValue ${returnValue})`
    }`,
  wireless: 'Wireless network configuration completed',
  wirelessFailed: (reason: string) => `Wireless network configuration failed: ${reason}`,
  proxies: 'Configuring proxies',
  proxyAdded: (address: string) => `Added proxy configuration ${address}`,
  proxyFailed: (address: string, returnValue: number) =>
    `Failed to add proxy configuration ${address} (ReturnValue ${returnValue})`,
  proxiesDone: 'Proxies configuration completed',
  proxiesFailed: (reason: string) => `Proxies configuration failed: ${reason}`,
  features: 'Configuring AMT features',
  /** `enabled` in the order KVM, SOL, IDER; `consent` e.g. `None`. */
  featuresDone: (enabled: readonly string[], consent: string) =>
    `AMT features completed: ${enabled.join(', ')} (User Consent: ${consent})`,
  featuresFailed: (reason: string) => `AMT features configuration failed: ${reason}`,
  cira: 'Configuring CIRA remote access',
  ciraDone: 'CIRA configuration completed',
  ciraFailed: (reason: string) => `CIRA configuration failed: ${reason}`,
  tls: 'Configuring TLS',
  tlsDone: 'TLS configuration completed',
  tlsFailed: (reason: string) => `TLS configuration failed: ${reason}`,
} as const
