import { createPrivateKey, createPublicKey, type KeyObject, X509Certificate } from 'node:crypto'
import { type Bytes, fromBase64 } from '@outrider/protocols/values'
import type { Device } from '../device.ts'
import type { FlashState, KeptIdentity } from '../state/flash-state.ts'
import { numberIn } from '../wsman/instance-names.ts'

/** What a TLS server shows and proves. */
export interface TlsIdentity {
  /** PEM, leaf first. */
  readonly certificates: string
  readonly key: KeyObject
}

/**
 * The certificates a device shows (amt-firmware.md 4.6): before it is set up the chain of its silicon, where its
 * version has one; then the one its administrator committed; else one it makes itself.
 */
export class TlsIdentities {
  readonly #device: Device
  #making: Promise<unknown> | undefined

  constructor(device: Device) {
    this.#device = device
  }

  /** The certificate of the silicon, DER, once it is made; before that this starts making it. */
  onDieLeaf(): Bytes | undefined {
    const kept = this.#device.store.now.onDie
    if (kept !== null) return fromBase64(kept.chain[0]!)
    void this.#made(true)
    return undefined
  }

  /** What is shown now. Made first where it is not there yet. */
  async current(): Promise<TlsIdentity> {
    for (;;) {
      const { quirks, store } = this.#device
      const { settings, onDie } = store.now
      const silicon = quirks.localTls === 'enforced' && settings.provisioningState !== 2
      const ready = silicon ? kept(onDie) : (committed(store.now) ?? kept(settings.selfSigned))
      if (ready !== undefined) return ready
      await this.#made(silicon)
    }
  }

  /** Makes what is missing, once at a time. Keys take time: what was asked for may be out of date afterwards. */
  #made(silicon: boolean): Promise<unknown> {
    this.#making ??= this.#make(silicon).finally(() => {
      this.#making = undefined
    })
    return this.#making
  }

  async #make(silicon: boolean): Promise<void> {
    const { makeOnDieChain, makeSelfSigned } = await import('./issue.ts')
    const { store, clock, identity } = this.#device
    const made = silicon ? await makeOnDieChain() : await makeSelfSigned(identity.uuid, clock.now())
    store.change((draft) => {
      if (silicon) draft.onDie ??= made
      else if (draft.settings.provisioningState === 2 || this.#device.quirks.localTls === 'optional')
        draft.settings.selfSigned ??= made
    })
  }
}

const kept = (identity: KeptIdentity | null): TlsIdentity | undefined =>
  identity === null
    ? undefined
    : {
        certificates: identity.chain.map(pem).join(''),
        key: createPrivateKey({ key: Buffer.from(identity.key, 'base64'), format: 'der', type: 'pkcs8' }),
      }

/** The certificate that was committed, where its key is in the store. */
const committed = ({ settings }: Readonly<FlashState>): TlsIdentity | undefined => {
  if (settings.tlsCertificate === null) return undefined
  const handle = numberIn(settings.tlsCertificate)
  const stored = settings.certificates.find((each) => each.handle === handle)
  if (stored === undefined) return undefined
  const certificate = new X509Certificate(fromBase64(stored.der)!)
  for (const { publicKey, privateKey } of settings.keys) {
    const known = createPublicKey({ key: Buffer.from(publicKey, 'base64'), format: 'der', type: 'pkcs1' })
    if (!known.equals(certificate.publicKey)) continue
    return {
      certificates: pem(stored.der),
      key: createPrivateKey({ key: Buffer.from(privateKey, 'base64'), format: 'der', type: 'pkcs1' }),
    }
  }
  return undefined
}

/** PEM of one certificate in base64. */
export const pem = (der: string): string =>
  `-----BEGIN CERTIFICATE-----\n${der.match(/.{1,64}/g)!.join('\n')}\n-----END CERTIFICATE-----\n`
