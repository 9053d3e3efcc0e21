import type { ListenAddress } from '../http/index.ts'
import { faults } from './faults.ts'

const FORM = /^(?:(https?):\/\/)?(\[[0-9a-fA-F:]+\]|[^:/[\]]+):(\d{1,5})\/?$/
const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|::1)$/

/**
 * Addresses of `OUTRIDER_LISTEN`: `host:port` and `https://host:port` with TLS, `http://127.0.0.1:port` without.
 * Throws `SETTING_INVALID`, also for plain HTTP on an address others can reach.
 */
export const listenAddresses = (key: string, texts: readonly string[]): ListenAddress[] =>
  texts.map((text) => {
    const [, scheme = 'https', name = '', digits = ''] = FORM.exec(text) ?? []
    const host = name.replace(/^\[|\]$/g, '')
    const port = Number(digits)
    if (host === '' || port > 65_535) throw faults.SETTING_INVALID({ key, why: `names ${text}, which is no host:port` })
    if (scheme === 'http' && !LOOPBACK.test(host))
      throw faults.SETTING_INVALID({ key, why: `asks for plain HTTP on ${host}, which is not loopback` })
    return { scheme: scheme === 'http' ? 'http' : 'https', host, port }
  })
