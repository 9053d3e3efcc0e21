/** Runs `work` until it ends or the process is told to stop, then exits: 0 after a signal, 1 after a failure. */
export const runUntilSignal = async (name: string, work: (signal: AbortSignal) => Promise<void>): Promise<never> => {
  const stop = new AbortController()
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    process.once(signal, () => stop.abort(new Error(`got ${signal}`)))
  try {
    await work(stop.signal)
    process.exit(0)
  } catch (error) {
    if (stop.signal.aborted) process.exit(0)
    console.error(`${name}: ${error instanceof Error ? error.message : String(error)}`)
    process.exit(1)
  }
}
