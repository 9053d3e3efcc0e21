import { type FileHandle, open } from 'node:fs/promises'
import { createOwn, moveInto } from './folder.ts'
import { HEADER_BYTES, newHeader, sealFrame } from './frames.ts'
import { encodeEntries, type State } from './state.ts'

/** Entries a frame of a snapshot holds: sealing one keeps the event loop for about a millisecond. */
const SNAPSHOT_ENTRIES = 500

/** The open secret file: appends frames, each durable before the next begins. One write at a time. */
export class SecretLog {
  readonly #key: Uint8Array
  readonly #header: Uint8Array
  readonly #file: FileHandle
  #sequence: number
  #end: number

  private constructor(key: Uint8Array, header: Uint8Array, file: FileHandle, sequence: number, end: number) {
    this.#key = key
    this.#header = header
    this.#file = file
    this.#sequence = sequence
    this.#end = end
  }

  /** Goes on after `sequence` frames that end at `end`; what is behind them is cut off. */
  static async resume(
    path: string,
    key: Uint8Array,
    header: Uint8Array,
    sequence: number,
    end: number,
  ): Promise<SecretLog> {
    const file = await open(path, 'r+')
    try {
      await file.truncate(end)
      await file.sync()
      return new SecretLog(key, Uint8Array.from(header), file, sequence, end)
    } catch (error) {
      await file.close()
      throw error
    }
  }

  /** Writes `state` to a new file, which takes the place of the one at `path` when it is whole. */
  static async create(path: string, key: Uint8Array, state: State): Promise<SecretLog> {
    const fresh = `${path}.new`
    const file = await createOwn(fresh)
    try {
      const header = newHeader()
      await file.write(header, 0, header.length, 0)
      const log = new SecretLog(key, header, file, 0, HEADER_BYTES)
      const entries = [...state.entries]
      for (let at = 0; at < entries.length; at += SNAPSHOT_ENTRIES)
        await log.#write(encodeEntries(state.version, entries.slice(at, at + SNAPSHOT_ENTRIES), false))
      await log.#write(encodeEntries(state.version, [], true))
      await file.sync()
      await moveInto(fresh, path)
      return log
    } catch (error) {
      await file.close()
      throw error
    }
  }

  /** Appends one frame; durable when it returns. After an error nothing more may be appended. */
  async append(plain: Uint8Array): Promise<void> {
    await this.#write(plain)
    await this.#file.datasync()
  }

  close(): Promise<void> {
    return this.#file.close()
  }

  async #write(plain: Uint8Array): Promise<void> {
    const frame = sealFrame(this.#key, this.#header, this.#sequence, plain)
    plain.fill(0)
    let done = 0
    while (done < frame.length) {
      const { bytesWritten } = await this.#file.write(frame, done, frame.length - done, this.#end + done)
      done += bytesWritten
    }
    this.#sequence += 1
    this.#end += frame.length
  }
}
