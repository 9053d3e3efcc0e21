import type { ListenAddress } from './http/index.ts'

export interface PublicAddresses {
  /** `https://publicHost:port`, in whose name tokens are issued. */
  readonly origin: string
  /** `host:port` of every other name under which a client on this machine or elsewhere may reach the same listeners. */
  readonly hosts: readonly string[]
  /** Where we listen, for people. */
  readonly urls: readonly string[]
}

const ANY = new Set(['0.0.0.0', '::'])

/** The addresses that follow from the public name and from where we listen. */
export const publicAddresses = (publicHost: string, addresses: readonly ListenAddress[]): PublicAddresses => {
  const main = addresses.find(({ scheme }) => scheme === 'https') ?? addresses[0]
  if (main === undefined) throw new TypeError('there is no address to listen on')
  const url = ({ scheme, port }: ListenAddress, host: string) =>
    new URL(`${scheme}://${host.includes(':') ? `[${host}]` : host}:${port}`)
  const names = ({ host }: ListenAddress) => [
    publicHost,
    'localhost',
    '127.0.0.1',
    '::1',
    ...(ANY.has(host) ? [] : [host]),
  ]
  return {
    origin: url(main, publicHost).origin,
    hosts: [...new Set(addresses.flatMap((address) => names(address).map((name) => url(address, name).host)))],
    urls: addresses.map((address) => url(address, address.host).origin),
  }
}
