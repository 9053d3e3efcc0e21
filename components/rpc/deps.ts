import type { MeiPort } from '@outrider/protocols/mei'
import type { Bytes, Milliseconds } from '@outrider/protocols/values'
import type { Pause } from '@outrider/sessions/local-management'

/** One WebSocket to a provisioning server, in whole text frames. */
export interface RpsSocket extends AsyncDisposable {
  send(frame: Bytes, signal: AbortSignal): Promise<void>
  /** The next frame; `undefined` once the server closed. */
  receive(signal: AbortSignal): Promise<Bytes | undefined>
}

export interface RpsTarget {
  readonly url: string
  /** Whether the certificate of the server is verified. */
  readonly verify: boolean
  /** PEM of authorities to trust besides those of the system. */
  readonly ca: string | undefined
  /** URL of an HTTP proxy. */
  readonly proxy: string | undefined
}

/**
 * Connects. Throws `RPS_UNREACHABLE`, `RPS_CERTIFICATE_REFUSED`, `RPS_UNAUTHORIZED`, `RPS_NOT_WEBSOCKET`.
 */
export type DialRps = (target: RpsTarget, signal: AbortSignal) => Promise<RpsSocket>

/** What the operating system says of itself. */
export interface HostSystem {
  readonly hostname: string
  /** DNS suffix of the resolver; `''` where there is none. */
  readonly dnsSuffix: string
  /** Adapters with an address: MAC as `aa:bb:cc:dd:ee:ff`. */
  readonly adapters: readonly { readonly mac: string; readonly address: string }[]
}

/** The program's own data. */
export interface RpcBuild {
  readonly version: string
  readonly commit: string
  readonly date: string
  /** e.g. `node v24.21.0`. */
  readonly runtime: string
  /** e.g. `linux/amd64`. */
  readonly platform: string
}

/** How long RPC waits for others; the usual spans of the field where left out. */
export interface RpcPatience {
  /** For any word of the management engine. */
  readonly silence?: Milliseconds
  /** For AMT to open one of its local ports. */
  readonly opening?: Milliseconds
  /** For AMT's answer to one request of the server. */
  readonly answer?: Milliseconds
  /** For any word of the server. */
  readonly server?: Milliseconds
}

/** Everything RPC touches: with other ones it is another machine, or a test. */
export interface RpcDeps {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly mei: MeiPort
  /** Where LMS is looked for, unless `--lmsaddress` says otherwise; `undefined`: nowhere, `mei` is not its engine. */
  readonly lmsAddress: string | undefined
  readonly dialRps: DialRps
  readonly system: () => Promise<HostSystem>
  readonly readFile: (path: string) => Promise<string>
  readonly build: RpcBuild
  readonly stdout: (text: string) => void
  readonly stderr: (text: string) => void
  readonly now: () => Date
  readonly pause: Pause
  readonly patience?: RpcPatience
  /** Aborts when the user interrupts. */
  readonly signal: AbortSignal
}
