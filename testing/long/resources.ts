import { until } from '../harness/index.ts'

/** What keeps this process alive, by kind: sockets, servers, timers and whatever else there is. */
export type Resources = ReadonlyMap<string, number>

/** Files being read or written, and the terminal: nobody's leak. */
const PASSING = new Set(['FSReqCallback', 'FSReqPromise', 'TTYWrap', 'Immediate', 'CloseReq', 'FILEHANDLE', 'PipeWrap'])

const now = (): Map<string, number> => {
  const counts = new Map<string, number>()
  for (const kind of process.getActiveResourcesInfo())
    if (!PASSING.has(kind)) counts.set(kind, (counts.get(kind) ?? 0) + 1)
  return counts
}

/** What is there while nothing is asked for: the most that is seen of each kind over a while. */
export const restingResources = async (): Promise<Resources> => {
  const most = new Map<string, number>()
  const end = performance.now() + 600
  await until(() => {
    for (const [kind, count] of now()) most.set(kind, Math.max(count, most.get(kind) ?? 0))
    return performance.now() > end
  })
  return most
}

/** Waits until no more is there than `resting`; what is too much where it stays, as `kind: 3 instead of 2`. */
export const backTo = async (resting: Resources, milliseconds: number): Promise<readonly string[]> => {
  let tooMuch: string[] = []
  await until(
    () => {
      tooMuch = []
      for (const [kind, count] of now()) {
        const had = resting.get(kind) ?? 0
        if (count > had) tooMuch.push(`${kind}: ${count} instead of ${had}`)
      }
      return tooMuch.length === 0
    },
    milliseconds,
    20,
  ).catch(() => undefined)
  return tooMuch
}
