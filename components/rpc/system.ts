import { readFile } from 'node:fs/promises'
import { hostname, networkInterfaces } from 'node:os'
import type { HostSystem } from './deps.ts'

/** What this machine's operating system says. */
export const readSystem = async (): Promise<HostSystem> => ({
  hostname: hostname(),
  dnsSuffix: resolverSuffix(await readFile('/etc/resolv.conf', 'utf8').catch(() => '')),
  adapters: Object.values(networkInterfaces()).flatMap((addresses) =>
    (addresses ?? [])
      .filter(({ family, internal }) => family === 'IPv4' && !internal)
      .map(({ mac, address }) => ({ mac, address })),
  ),
})

/** The first suffix of resolv.conf(5): of `domain` or `search`, whichever is last; a lone dot is none. */
export const resolverSuffix = (resolvConf: string): string => {
  const line = resolvConf
    .split('\n')
    .map((each) => /^\s*(?:domain|search)\s+(\S+)/.exec(each)?.[1])
    .findLast((suffix) => suffix !== undefined)
  return (line ?? '').replace(/\.$/, '')
}
