import type { Milliseconds } from '@outrider/protocols/values'
import type { PartState } from '../http/index.ts'

export type AskPart = (signal: AbortSignal) => Promise<readonly PartState[]>

/** Asks every part at once; one that throws or does not answer in time is away under its name. */
export const askAll = async (
  parts: Readonly<Record<string, AskPart>>,
  patience: Milliseconds,
): Promise<readonly PartState[]> => {
  const signal = AbortSignal.timeout(patience)
  const silent = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
  silent.catch(() => undefined)
  const answers = Object.entries(parts).map(([name, ask]) =>
    Promise.race([ask(signal), silent]).catch((): readonly PartState[] => [{ name, state: 'away' }]),
  )
  const states = new Map<string, PartState>()
  for (const part of (await Promise.all(answers)).flat()) {
    // Two components may need the same thing; it is there only if both say so.
    if (states.get(part.name)?.state === undefined || part.state !== 'ok') states.set(part.name, part)
  }
  return [...states.values()]
}
