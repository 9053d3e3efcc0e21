import { codeVersionOf, skuFeatures } from '@outrider/protocols/mei'
import { Fault } from '@outrider/protocols/values'
import { readUpid } from '@outrider/sessions/local-management'
import type { RpcDeps } from '../deps.ts'
import type { Log } from '../log.ts'
import { engineOf, reachAmt } from '../reach-amt.ts'
import { detect } from './detection.ts'
import type { AmtFacts, Item } from './facts.ts'

/**
 * Reads what was asked for. Never throws but for the signal: an item that cannot be read is left out and the log
 * says why; what keeps AMT from being asked at all is the result's `failure`.
 */
export const readAmtFacts = async (wanted: ReadonlySet<Item>, deps: RpcDeps, log: Log): Promise<AmtFacts> => {
  const engine = engineOf(deps)
  const { signal } = deps
  const system = await deps.system()

  const unlessRefused = async <T>(what: string, read: () => Promise<T>): Promise<T | Fault> => {
    try {
      return await read()
    } catch (error) {
      signal.throwIfAborted()
      const fault = Fault.from(error)
      log.error(`${what}: ${fault.message}`)
      return fault
    }
  }
  const valueIf = async <T>(item: Item, what: string, read: () => Promise<T>): Promise<T | undefined> => {
    if (!wanted.has(item)) return undefined
    const value = await unlessRefused(what, read)
    return value instanceof Fault ? undefined : value
  }

  let controlMode: number | undefined
  let failure: Fault | undefined
  try {
    controlMode = await reachAmt(engine, deps, log)
  } catch (error) {
    signal.throwIfAborted()
    failure = Fault.from(error)
  }
  const unreachable = failure !== undefined && failure.code !== 'AMTHI_REFUSED'
  const bios = await quietly(() => engine.watchdog.isChangeToAmtEnabled(signal), signal)
  const evidence = { failure, watchdog: bios, version: undefined, sku: undefined, versionFailure: undefined }
  if (unreachable) return { system, detection: detect(evidence), failure: failure! }

  const versions = await unlessRefused('Failed to get code versions', () => engine.amthi.getCodeVersions(signal))
  const versionFailure = versions instanceof Fault ? versions : undefined
  const known = versions instanceof Fault ? [] : versions
  const version = codeVersionOf(known, 'AMT')
  const sku = codeVersionOf(known, 'Sku')
  const build = codeVersionOf(known, 'Build Number')
  const facts = {
    version: wanted.has('ver') ? version : undefined,
    build: wanted.has('bld') ? build : undefined,
    sku: wanted.has('sku') ? sku : undefined,
    features: wanted.has('sku') && version !== undefined && sku !== undefined ? skuFeatures(version, sku) : undefined,
    uuid: await valueIf('uuid', 'Failed to get UUID', () => engine.amthi.getUuid(signal)),
    controlMode: wanted.has('mode') ? controlMode : undefined,
    provisioningState: await valueIf('provisioningState', 'Failed to get provisioning state', () =>
      engine.amthi.getProvisioningState(signal),
    ),
    watchdog: bios,
    dnsSuffix: await valueIf('dns', 'Failed to get DNS suffix', () => engine.amthi.getDnsSuffix(signal)),
    remoteAccess: await valueIf('ras', 'Failed to get remote access status', () =>
      engine.amthi.getRemoteAccess(signal),
    ),
    wired: await valueIf('lan', 'Failed to get wired LAN settings', () => engine.amthi.getLanSettings('wired', signal)),
    wireless: await valueIf('lan', 'Failed to get wireless LAN settings', () =>
      engine.amthi.getLanSettings('wireless', signal),
    ),
    upid: wanted.has('upid') ? await quietly(() => readUpid(deps.mei, deps, signal), signal) : undefined,
    hashes: await valueIf('cert', 'Failed to get certificate hashes', () => engine.amthi.getCertificateHashes(signal)),
    system,
    detection: detect({ failure, watchdog: bios, version, sku, versionFailure }),
  }
  return Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined)) as unknown as AmtFacts
}

/** Of clients not every engine has: `undefined` where this one has not. */
const quietly = async <T>(read: () => Promise<T>, signal: AbortSignal): Promise<T | undefined> => {
  try {
    return await read()
  } catch {
    signal.throwIfAborted()
    return undefined
  }
}
