import type { AmtProfileView, CiraView } from '../provisioning-api.ts'
import { type Paint, plain, sheet, table } from './table.ts'

const DAY_MS = 24 * 3_600_000
/** Days before the end from which on it is time to get another certificate. */
const SOON_DAYS = 30

/** When a certificate ends, and how soon that is. */
const expiry = (iso: string, now: number, paint: Paint): string => {
  const days = Math.floor((Date.parse(iso) - now) / DAY_MS)
  const date = iso.slice(0, 10)
  if (days < 0) return paint('red', `${date} (expired)`)
  const text = `${date} (in ${days} ${days === 1 ? 'day' : 'days'})`
  return days < SOON_DAYS ? paint('yellow', text) : text
}

export const amtProfileTable = (profiles: readonly AmtProfileView[], paint: Paint, now: number): string[] =>
  table(
    ['NAME', 'DOMAIN SUFFIX', 'EXPIRES'],
    profiles.map(({ profileName, domainSuffix, expirationDate }) => [
      plain(profileName),
      plain(domainSuffix),
      expiry(expirationDate, now, paint),
    ]),
    paint,
  )

export const amtProfileSheet = (profile: AmtProfileView, paint: Paint, now: number): string[] =>
  sheet(
    [
      {
        title: 'AMT profile',
        rows: [
          ['Name', plain(profile.profileName)],
          ['DNS suffix', plain(profile.domainSuffix)],
          ['Expires', expiry(profile.expirationDate, now, paint)],
          ['Project', profile.tenantId],
          ['Version', profile.version],
        ],
      },
    ],
    paint,
  )

const FORMATS: Readonly<Record<number, string>> = { 3: 'IPv4 address', 4: 'IPv6 address', 201: 'name' }
const METHODS: Readonly<Record<number, string>> = { 1: 'mutual TLS', 2: 'user name and password' }

const place = ({ mpsServerAddress, mpsPort }: CiraView): string => `${plain(mpsServerAddress)}:${mpsPort}`

export const ciraTable = (configs: readonly CiraView[], project: string, paint: Paint): string[] =>
  table(
    ['NAME', 'MPS', 'USER', 'METHOD', 'DEFAULT'],
    configs.map((config) => [
      plain(config.configName),
      place(config),
      plain(config.username),
      METHODS[config.authMethod] ?? String(config.authMethod),
      config.configName.toLowerCase() === project.toLowerCase() ? 'yes' : '-',
    ]),
    paint,
  )

export const ciraSheet = (config: CiraView, paint: Paint): string[] =>
  sheet(
    [
      {
        title: 'CIRA config',
        rows: [
          ['Name', plain(config.configName)],
          ['MPS', place(config)],
          ['Address is', FORMATS[config.serverAddressFormat] ?? String(config.serverAddressFormat)],
          ['Common name', plain(config.commonName)],
          ['User', plain(config.username)],
          ['Method', METHODS[config.authMethod] ?? String(config.authMethod)],
          ['Project', config.tenantId],
          ['Version', config.version],
        ],
      },
    ],
    paint,
  )
