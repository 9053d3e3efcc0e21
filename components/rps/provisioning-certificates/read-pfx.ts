import { Worker } from 'node:worker_threads'
import { type Bytes, type Milliseconds, type Secret, seconds } from '@outrider/protocols/values'
import { certificateFaults } from './faults.ts'
import type { PfxAnswer, PfxContent, PfxQuestion } from './pfx-content.ts'

/** Longest time one file may take; an honest one takes a fraction of a second. */
const PATIENCE: Milliseconds = seconds(15)
/** What a file may make its thread allocate. */
const LIMITS = { maxOldGenerationSizeMb: 128, maxYoungGenerationSizeMb: 32, stackSizeMb: 4 }

/**
 * Reads PKCS#12 files, modern and legacy ciphers, one at a time, each in a thread that ends with it. Throws
 * `PROVISIONING_CERT_PASSWORD_WRONG`, `PROVISIONING_CERT_UNREADABLE`, `PROVISIONING_CERT_READER_BUSY`.
 */
export type ReadPfx = (pfx: Bytes, password: Secret, signal: AbortSignal) => Promise<PfxContent>

export const createPfxReader = (patience: Milliseconds = PATIENCE): ReadPfx => {
  let last: Promise<unknown> = Promise.resolve()
  return (pfx, password, signal) => {
    const turn = last.then(() => readInThread({ pfx, password: password.reveal() }, patience, signal))
    last = turn.catch(() => undefined)
    return turn
  }
}

const readInThread = async (
  question: PfxQuestion,
  patience: Milliseconds,
  signal: AbortSignal,
): Promise<PfxContent> => {
  signal.throwIfAborted()
  const deadline = AbortSignal.timeout(patience)
  const ended = AbortSignal.any([signal, deadline])
  const answered = Promise.withResolvers<PfxAnswer>()
  const abort = (): void =>
    answered.reject(
      signal.aborted ? signal.reason : certificateFaults.PROVISIONING_CERT_READER_BUSY({ seconds: patience / 1000 }),
    )
  ended.addEventListener('abort', abort, { once: true })
  const worker = new Worker(new URL('./pfx-worker.ts', import.meta.url), {
    workerData: question,
    resourceLimits: LIMITS,
    // Whatever options this process was started with are its own: inspection, coverage, eval.
    execArgv: [],
  })
  worker.once('message', answered.resolve)
  // A file that makes its thread run out of memory is no certificate.
  worker.once('error', () => answered.resolve({ is: 'unreadable' }))
  worker.once('exit', () => answered.resolve({ is: 'unreadable' }))
  try {
    const answer = await answered.promise
    switch (answer.is) {
      case 'content':
        return answer.content
      case 'wrong-password':
        throw certificateFaults.PROVISIONING_CERT_PASSWORD_WRONG()
      case 'unreadable':
        throw certificateFaults.PROVISIONING_CERT_UNREADABLE()
    }
  } finally {
    ended.removeEventListener('abort', abort)
    await worker.terminate()
  }
}
