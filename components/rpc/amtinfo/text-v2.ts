import type { AmtFacts, Item } from './facts.ts'
import {
  adapterWords,
  controlModeWord,
  hasAdapter,
  networkWord,
  operationalStateWord,
  remoteStatusWord,
  triggerWord,
} from './words.ts'

/** The lines existing agents and scripts read by their prefixes (reference/rpc.md 5.3). */
export const amtInfoTextV2 = (facts: AmtFacts, wanted: ReadonlySet<Item>): string => {
  const lines: string[] = []
  const row = (label: string, value: string | boolean | undefined) => {
    if (value !== undefined) lines.push(`${label}: ${value}`)
  }
  row('Version\t\t\t', facts.version)
  row('Build Number\t\t', facts.build)
  row('SKU\t\t\t', facts.sku)
  row('Features\t\t', facts.features)
  row('UUID\t\t\t', facts.uuid)
  if (facts.controlMode !== undefined) row('Control Mode\t\t', controlModeWord(facts.controlMode, 'v2'))
  if (wanted.has('operationalState')) row('Operational State\t', operationalStateWord(facts))
  if (wanted.has('dns')) {
    row('DNS Suffix\t\t', facts.dnsSuffix ?? '')
    row('DNS Suffix (OS)\t\t', facts.system.dnsSuffix)
  }
  if (wanted.has('hostname')) row('Hostname (OS)\t\t', facts.system.hostname)
  if (facts.remoteAccess !== undefined) {
    const { network, remote, trigger, mpsHost } = facts.remoteAccess
    row('RAS Network      \t', networkWord(network, 'v2'))
    row('RAS Remote Status\t', remoteStatusWord(remote))
    row('RAS Trigger      \t', triggerWord(trigger))
    row('RAS MPS Hostname \t', mpsHost)
  }
  const adapter = (title: string, settings: NonNullable<AmtFacts['wired']>) => {
    const words = adapterWords(settings, facts)
    lines.push(`---${title} Adapter---`)
    row('DHCP Enabled \t\t', words.dhcpEnabled)
    row('DHCP Mode    \t\t', words.dhcpMode)
    row('Link Status  \t\t', words.linkStatus)
    row('AMT IP Address\t\t', words.ipAddress)
    row('OS  IP Address\t\t', words.osIpAddress)
    row('MAC Address  \t\t', words.macAddress)
  }
  if (hasAdapter(facts.wired)) adapter('Wired', facts.wired)
  if (facts.wireless !== undefined) adapter('Wireless', facts.wireless)
  if (facts.hashes?.length === 0) lines.push('---No Certificate Hashes Found---')
  else if (facts.hashes !== undefined) {
    lines.push('---Certificate Hashes---')
    for (const { name, hash, algorithm, isActive, isDefault } of facts.hashes) {
      const marks = [...(isDefault ? ['Default'] : []), ...(isActive ? ['Active'] : [])].join(', ')
      lines.push(marks === '' ? name : `${name}  (${marks})`, `   ${algorithm}: ${hash}`)
    }
  }
  return lines.map((line) => `${line}\n`).join('')
}
