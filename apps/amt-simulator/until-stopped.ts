/** Resolves when this process is told to stop, or whoever started it with a channel is gone. */
export const untilStopped = (): Promise<void> =>
  new Promise((resolve) => {
    // Something must keep the process alive that is not a socket of somebody else.
    const alive = setInterval(() => undefined, 1 << 30)
    const stop = (): void => {
      clearInterval(alive)
      resolve()
    }
    process.once('SIGTERM', stop)
    process.once('SIGINT', stop)
    process.once('disconnect', stop)
  })
