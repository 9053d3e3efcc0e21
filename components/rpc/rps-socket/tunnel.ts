import { once } from 'node:events'
import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { Socket } from 'node:net'
import { rpcFaults } from '../faults.ts'

/** A connection to `host:port` through the HTTP proxy at `proxy` (RFC 9110 section 9.3.6). Throws `RPS_UNREACHABLE`. */
export const tunnel = async (proxy: string, host: string, port: number, signal: AbortSignal): Promise<Socket> => {
  const url = URL.parse(proxy.includes('://') ? proxy : `http://${proxy}`)
  if (url === null) throw rpcFaults.RPS_UNREACHABLE({ url: `${host}:${port}`, reason: 'the proxy is no URL' })
  const authority = `${host}:${port}`
  const credentials = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`
  const request = (url.protocol === 'https:' ? httpsRequest : httpRequest)({
    host: url.hostname,
    port: url.port === '' ? (url.protocol === 'https:' ? 443 : 3128) : Number(url.port),
    method: 'CONNECT',
    path: authority,
    headers: {
      host: authority,
      ...(credentials === ':' ? {} : { 'proxy-authorization': `Basic ${Buffer.from(credentials).toString('base64')}` }),
    },
    signal,
    agent: false,
  })
  request.end()
  const [response, socket] = (await once(request, 'connect', { signal })) as [{ statusCode?: number }, Socket]
  if (response.statusCode === 200) return socket
  socket.destroy()
  throw rpcFaults.RPS_UNREACHABLE({ url: authority, reason: `the proxy answered with status ${response.statusCode}` })
}
