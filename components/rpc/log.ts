// Lines in the two forms of logrus, which scripts parse (reference/rpc.md 4.1).

export const logLevels = ['trace', 'debug', 'info', 'warning', 'error', 'fatal', 'panic'] as const
export type LogLevel = (typeof logLevels)[number]

export interface Log {
  trace(message: string): void
  debug(message: string): void
  info(message: string): void
  warning(message: string): void
  /** `fields` follow the message, as logrus writes them. */
  error(message: string, fields?: Readonly<Record<string, string>>): void
}

/** A level as it may be written: `warn` and either case too; `undefined` where it is none. */
export const parseLogLevel = (text: string): LogLevel | undefined => {
  const lower = text.toLowerCase()
  return lower === 'warn' ? 'warning' : logLevels.find((level) => level === lower)
}

/** Writes lines of `level` and above, each ended by a line feed. */
export const logrus = (
  write: (line: string) => void,
  now: () => Date,
  { level, json }: { readonly level: LogLevel; readonly json: boolean },
): Log => {
  const threshold = logLevels.indexOf(level)
  const line =
    (at: LogLevel) =>
    (msg: string, fields: Readonly<Record<string, string>> = {}) => {
      if (logLevels.indexOf(at) < threshold) return
      const time = `${now().toISOString().slice(0, 19)}Z`
      const more = Object.entries(fields)
        .map(([name, value]) => ` ${name}=${quoted(value)}`)
        .join('')
      write(
        json
          ? `${JSON.stringify({ level: at, msg, time, ...fields })}\n`
          : `time=${quoted(time)} level=${at} msg=${quoted(msg)}${more}\n`,
      )
    }
  return {
    trace: line('trace'),
    debug: line('debug'),
    info: line('info'),
    warning: line('warning'),
    error: line('error'),
  }
}

/** As logrus does: bare where every character is harmless, else in Go's quotes, which JSON's are close enough to. */
const quoted = (value: string): string => (/^[A-Za-z0-9\-._/@^+]*$/.test(value) ? value : JSON.stringify(value))
