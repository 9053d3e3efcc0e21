import { fromHex, toBase64 } from '@outrider/protocols/values'
import { auditEventName } from '../audit/audit-log.ts'
import { environment } from '../cira/environment.ts'
import { type Device, deviceNow, LOCAL_SYSTEM_USER } from '../device.ts'
import type { Firmware } from '../firmware.ts'
import { pkiDnsSuffixOf, trustedHashesOf } from '../provisioning/trusted-hashes.ts'
import { pem } from '../tls/identities.ts'

const AUDIT_SHOWN = 20

/** What may be said of a device: no secret, and nothing one could be guessed from. */
export const report = ({ identity, device, disturbances }: Firmware): object => {
  const { store, volatile } = device
  const { bios, host, counters, settings, audit, onDie } = store.now
  return {
    identity: {
      uuid: identity.uuid,
      smbiosUuid: identity.smbiosUuid,
      serial: identity.serial,
      version: identity.version,
      build: identity.build,
      sku: identity.sku,
    },
    bios,
    mebx: {
      pkiDnsSuffix: pkiDnsSuffixOf(identity, store.now),
      trustedHashes: trustedHashesOf(identity, store.now),
      passwordSet: settings.mebxPassword !== null,
    },
    provisioningState: settings.provisioningState,
    controlMode: settings.controlMode,
    digestRealm: settings.digestRealm,
    power: {
      state: host.power,
      pending: host.pending,
      osRunning: host.os.running,
      requested: host.requested,
      boots: host.boots,
      lastBoot: host.lastBoot,
      lmsPresent: host.lmsPresent,
    },
    certificateChain: volatile.chain.status,
    counters,
    audit: audit
      .slice(-AUDIT_SHOWN)
      .map((entry) => ({ event: auditEventName(entry), by: entry.by, at: new Date(entry.at * 1000).toISOString() })),
    tls: {
      local: settings.tls.local.enabled,
      certificate: settings.tlsCertificate,
      // What a test has to trust of a device whose silicon nobody made.
      onDieRoot: onDie === null ? null : pem(onDie.root),
    },
    tunnel: volatile.tunnel,
    remoteAccess: {
      environment: environment(settings.detectionStrings, host.dnsSuffix),
      servers: settings.servers.map(({ accessInfo, port, cn, username }) => ({ accessInfo, port, cn, username })),
      policies: settings.policies.map(({ trigger, tunnelLifeTime }) => ({ trigger, tunnelLifeTime })),
      roots: settings.certificates.filter(({ trustedRoot }) => trustedRoot).map(({ subject }) => subject),
      userInitiated: settings.userInitiated.enabledState,
    },
    network: { linkUp: host.linkUp, dnsSuffix: host.dnsSuffix, ipAddress: host.ipAddress },
    consent: { state: volatile.consent.state, required: settings.optIn.required },
    clock: new Date(deviceNow(device)).toISOString(),
    disturbances: disturbances.list(),
  }
}

/** One secret the device knows, in one of the forms it is sent or kept in. */
export interface KnownSecret {
  readonly name: string
  readonly value: string
}

/** Every secret the firmware knows, so that a test can search the world for each. */
export const secretsOf = ({ store, volatile }: Device): readonly KnownSecret[] => {
  const { settings, onDie } = store.now
  const known: KnownSecret[] = [{ name: `password of ${LOCAL_SYSTEM_USER}`, value: volatile.localSystemPassword }]
  const add = (name: string, value: string | null): void => {
    if (value !== null && value !== '') known.push({ name, value })
  }
  const addHa1 = (user: string, ha1: string | null): void => {
    if (ha1 === null) return
    add(`HA1 of ${user}, hexadecimal`, ha1)
    add(`HA1 of ${user}, base64`, toBase64(fromHex(ha1)!))
  }
  addHa1('admin', settings.adminHa1)
  for (const { name, ha1 } of settings.users) addHa1(name, ha1)
  add('MEBx password', settings.mebxPassword)
  add('RFB password', settings.kvm.rfbPassword)
  for (const { accessInfo, port, password } of settings.servers) add(`password for ${accessInfo}:${port}`, password)
  for (const { instanceId, psk } of settings.wifi.profiles) add(`pre-shared key of ${instanceId}`, psk)
  for (const { handle, privateKey } of settings.keys) add(`private key ${handle}`, privateKey)
  add('consent code', volatile.consent.code)
  add('private key of the silicon', onDie?.key ?? null)
  add('private key of TLS', settings.selfSigned?.key ?? null)
  return known
}
