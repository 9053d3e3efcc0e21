import type { MeiPort } from '@outrider/protocols/mei'
import type { Milliseconds } from '@outrider/protocols/values'
import type { ByteStream } from '@outrider/protocols/wire'
import type { Patience, Pause } from './exchange.ts'
import { localManagementFaults } from './faults.ts'
import { LmeSession } from './lme.ts'
import type { DialLms } from './lms.ts'

/** AMT's ports on the local interface. */
export const amtPorts = { http: 16992, https: 16993 } as const

/** The way to AMT's local ports that was found. Disposing it gives it back. */
export interface LocalManagement extends AsyncDisposable {
  /** `lms`: the operating system's service; `lme`: APF over MEI by ourselves. */
  readonly way: 'lms' | 'lme'
  /** A fresh connection to one of AMT's ports. Throws `LMS_NOT_READY`, or what `LmeSession.openLocal` throws. */
  openLocal(port: number, signal: AbortSignal): Promise<ByteStream>
}

export interface LocalManagementOptions extends Patience {
  readonly mei: MeiPort
  /** Left out where LMS is not to be used: it would belong to another engine than `mei`. */
  readonly dialLms?: DialLms | undefined
  /** The port that will be needed: what LMS is probed on. */
  readonly port: number
}

// An LMS that restarts takes connections and drops them; meanwhile it holds the engine's client, so that going
// around it would only find MEI_BUSY. Five dials of five seconds, a second apart: 30 s (reference/rpc.md 14).
const LMS_ATTEMPTS = 5
const LMS_STEP: Milliseconds = 1000

/** Finds the way: LMS where it answers, else LME. Throws `LMS_NOT_READY` and what `LmeSession.open` throws. */
export const openLocalManagement = async (
  options: LocalManagementOptions,
  signal: AbortSignal,
): Promise<LocalManagement> => {
  const { mei, dialLms, pause, port } = options
  const lms = dialLms === undefined ? undefined : await probe(dialLms, pause, port, signal)
  if (lms !== undefined) return lms
  const session = await LmeSession.open(mei, options, signal)
  return {
    way: 'lme',
    openLocal: (amtPort, until) => session.openLocal(amtPort, until),
    [Symbol.asyncDispose]: () => session[Symbol.asyncDispose](),
  }
}

const dialPatiently = async (
  dialLms: DialLms,
  pause: Pause,
  port: number,
  signal: AbortSignal,
): Promise<ByteStream | 'refused'> => {
  for (let attempt = 1; ; attempt++) {
    const answer = await dialLms(port, signal)
    if (answer !== 'silent') return answer
    if (attempt >= LMS_ATTEMPTS) throw localManagementFaults.LMS_NOT_READY()
    await pause(LMS_STEP, signal)
  }
}

const probe = async (
  dialLms: DialLms,
  pause: Pause,
  port: number,
  signal: AbortSignal,
): Promise<LocalManagement | undefined> => {
  const first = await dialPatiently(dialLms, pause, port, signal)
  if (first === 'refused') return undefined
  first.close()
  return {
    way: 'lms',
    openLocal: async (amtPort, until) => {
      const stream = await dialPatiently(dialLms, pause, amtPort, until)
      if (stream === 'refused') throw localManagementFaults.LMS_NOT_READY()
      return stream
    },
    [Symbol.asyncDispose]: async () => {},
  }
}
