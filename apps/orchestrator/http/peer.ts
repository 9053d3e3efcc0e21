import type { IncomingHttpHeaders } from 'node:http'
import type { Socket } from 'node:net'

/** Address of whoever is at the other end, IPv4 as such. */
export const addressOf = (socket: Pick<Socket, 'remoteAddress'>): string =>
  (socket.remoteAddress ?? '').replace(/^::ffff:(?=\d+\.)/, '')

export const isLoopback = (address: string): boolean => address === '::1' || address.startsWith('127.')

/** Headers as one text each, without HTTP/2's own. */
export const textHeaders = (headers: IncomingHttpHeaders): Record<string, string | undefined> => {
  const texts: Record<string, string | undefined> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (!name.startsWith(':')) texts[name] = Array.isArray(value) ? value.join(', ') : value
  }
  return texts
}
