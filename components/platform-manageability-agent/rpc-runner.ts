/** Runs the Remote Provisioning Client: a program of its own on a node, a function call in the fleet simulator. */
export interface RpcRunner {
  /**
   * Runs `rpc` with these words and this environment on top of the agent's own. Secrets go into the
   * environment, never into the words. Ends the run when `signal` aborts. Throws `RPC_NOT_STARTED`.
   */
  run(words: readonly string[], environment: Readonly<Record<string, string>>, signal: AbortSignal): Promise<RpcResult>
}

export interface RpcResult {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

/** The fault RPC ended with, where it is ours and wrote it whole beside its last error message. */
export const lastFault = (
  log: string,
): { readonly code: string; readonly kind: string; readonly remedy: string } | undefined => {
  const line = log
    .split('\n')
    .filter((each) => each.includes('level=error'))
    .at(-1)
  const found = / code=([A-Z0-9_]+) kind=([a-z]+) remedy=("(?:[^"\\]|\\.)*"|\S+)$/.exec(line ?? '')
  if (found === null) return undefined
  const [, code = '', kind = '', remedy = ''] = found
  return { code, kind, remedy: remedy.startsWith('"') ? (JSON.parse(remedy) as string) : remedy }
}

/** The last `msg="…"` of a log in logrus' text form: what RPC said was wrong. */
export const lastMessage = (log: string): string => {
  const messages = [...log.matchAll(/msg="((?:[^"\\]|\\.)*)"/g)]
  return messages.at(-1)?.[1]?.replaceAll('\\"', '"') ?? log.trim().split('\n').at(-1) ?? ''
}
