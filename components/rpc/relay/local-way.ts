import { Fault } from '@outrider/protocols/values'
import type { ByteStream } from '@outrider/protocols/wire'
import {
  type LocalManagement,
  type LocalManagementOptions,
  openLocalManagement,
} from '@outrider/sessions/local-management'

/** What ends the session with the engine, after which a new one has to be made: the engine was reset. */
const SESSION_OVER = new Set(['MEI_RESET', 'LME_DISCONNECTED', 'LME_OVERFLOW', 'LME_CLOSED'])

/** The way to AMT's local ports, made anew where the engine went away in between. */
export class LocalWay implements AsyncDisposable {
  readonly #options: LocalManagementOptions
  #local: LocalManagement

  private constructor(options: LocalManagementOptions, local: LocalManagement) {
    this.#options = options
    this.#local = local
  }

  /** Throws what `openLocalManagement` throws. */
  static async open(options: LocalManagementOptions, signal: AbortSignal): Promise<LocalWay> {
    return new LocalWay(options, await openLocalManagement(options, signal))
  }

  get way(): 'lms' | 'lme' {
    return this.#local.way
  }

  async openLocal(port: number, signal: AbortSignal): Promise<ByteStream> {
    try {
      return await this.#local.openLocal(port, signal)
    } catch (error) {
      if (!(error instanceof Fault) || !SESSION_OVER.has(error.code)) throw error
    }
    await this.#local[Symbol.asyncDispose]()
    this.#local = await openLocalManagement(this.#options, signal)
    return this.#local.openLocal(port, signal)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#local[Symbol.asyncDispose]()
  }
}
