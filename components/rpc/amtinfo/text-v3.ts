import type { AmtFacts, Item } from './facts.ts'
import {
  adapterWords,
  controlModeWord,
  hasAdapter,
  networkWord,
  operationalStateWord,
  provisioningStateWord,
  remoteStatusWord,
  triggerWord,
} from './words.ts'

type Row = readonly [label: string, value: string | boolean | undefined]

/** Sections with underlined titles, labels padded to 30 columns (reference/rpc.md 5.2). */
export const amtInfoTextV3 = (facts: AmtFacts, wanted: ReadonlySet<Item>): string => {
  const asked = (item: Item, value: string | undefined) => (wanted.has(item) ? value : undefined)
  const { remoteAccess, failure } = facts
  const banner =
    failure === undefined
      ? ''
      : failure.code === 'MEI_NO_PERMISSION'
        ? '\n  Not running as administrator — AMT data unavailable\n  Showing OS-level information only\n'
        : '\n  MEI/HECI driver not detected — AMT may not be available on this device\n'
  return (
    banner +
    section('AMT Device Information', [
      ['Version', facts.version],
      ['Build Number', facts.build],
      ['SKU', facts.sku],
      ['Features', facts.features],
      ['UUID', facts.uuid],
      ['Control Mode', facts.controlMode === undefined ? undefined : controlModeWord(facts.controlMode, 'v3')],
      [
        'Provisioning State',
        facts.provisioningState === undefined ? undefined : provisioningStateWord(facts.provisioningState),
      ],
      ['AMT Operational State (BIOS)', asked('operationalState', operationalStateWord(facts))],
      ['DNS Suffix', facts.dnsSuffix],
      ['DNS Suffix (OS)', asked('dns', facts.system.dnsSuffix)],
      ['Hostname (OS)', asked('hostname', facts.system.hostname)],
    ]) +
    (remoteAccess === undefined
      ? ''
      : section('Remote Access', [
          ['Network', networkWord(remoteAccess.network, 'v3')],
          ['Remote Status', remoteStatusWord(remoteAccess.remote)],
          ['Trigger', triggerWord(remoteAccess.trigger)],
          ['MPS Hostname', remoteAccess.mpsHost],
        ])) +
    adapter('Wired Adapter', facts.wired, facts) +
    adapter('Wireless Adapter', facts.wireless, facts) +
    (facts.hashes === undefined
      ? ''
      : section(
          'Certificate Hashes',
          facts.hashes.map(({ name, algorithm, hash }) => [name, `${algorithm} ${hash}`]),
        ))
  )
}

const adapter = (title: string, settings: AmtFacts['wired'], facts: AmtFacts): string => {
  if (!hasAdapter(settings)) return ''
  const words = adapterWords(settings, facts)
  return section(title, [
    ['DHCP Enabled', words.dhcpEnabled],
    ['DHCP Mode', words.dhcpMode],
    ['Link Status', words.linkStatus],
    ['AMT IP Address', words.ipAddress],
    ['OS IP Address', words.osIpAddress],
    ['MAC Address', words.macAddress],
  ])
}

const section = (title: string, rows: readonly Row[]): string => {
  const filled = rows.filter(([, value]) => value !== undefined)
  if (filled.length === 0) return ''
  return `\n  ${title}\n  ${'─'.repeat(title.length)}\n${filled
    .map(([label, value]) => `  ${label.padEnd(30)} ${value}\n`)
    .join('')}`
}
