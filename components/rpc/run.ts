import { Fault } from '@outrider/protocols/values'
import { type Invocation, parseCommandLine, usage } from './command-line/parse.ts'
import { activate } from './commands/activate.ts'
import { amtInfo } from './commands/amtinfo.ts'
import { deactivate } from './commands/deactivate.ts'
import { version } from './commands/version.ts'
import type { RpcDeps } from './deps.ts'
import { exitCodes, exitOf, failureLine } from './exit-codes.ts'
import { rpcFaults } from './faults.ts'
import { type Log, logrus, parseLogLevel } from './log.ts'

/**
 * The Remote Provisioning Client: what its words ask for, done on the machine `deps` describe. Resolves with the
 * exit code (reference/rpc.md 11) and never rejects: what went wrong is on `stderr`, in logrus' form.
 */
export const runRpc = async (argv: readonly string[], deps: RpcDeps): Promise<number> => {
  let log = logrus(deps.stderr, deps.now, { level: 'info', json: argv.includes('--json') })
  try {
    const invocation = parseCommandLine(argv, deps.env)
    log = logOf(invocation, deps)
    return await run(invocation, deps, log)
  } catch (error) {
    const fault = deps.signal.aborted ? rpcFaults.RPC_INTERRUPTED({}, error) : Fault.from(error)
    log.error(failureLine(fault), { code: fault.code, kind: fault.kind, remedy: fault.remedy })
    if (fault.kind === 'bug') log.debug(error instanceof Error ? (error.stack ?? error.message) : String(error))
    return exitOf(fault).code
  }
}

const run = async (invocation: Invocation, deps: RpcDeps, log: Log): Promise<number> => {
  const { exposed } = invocation
  if (exposed.length > 0)
    log.warning(
      `secrets on the command line are visible to every user of this machine: ${exposed.join(', ')}. Use the environment or a file.`,
    )
  switch (invocation.command) {
    case 'help':
      deps.stdout(usage())
      return exitCodes.Success
    case 'version':
      return version(invocation, deps)
    case 'amtinfo':
      return await amtInfo(invocation, deps, log)
    case 'activate':
      return await activate(invocation, deps, log)
    case 'deactivate':
      return await deactivate(invocation, deps, log)
  }
}

const logOf = (invocation: Invocation, deps: RpcDeps): Log => {
  const level = invocation.on('verbose') ? 'trace' : parseLogLevel(invocation.value('log-level') ?? 'info')
  if (level === undefined) throw rpcFaults.RPC_USAGE({ reason: `no log level: ${invocation.value('log-level')}` })
  return logrus(deps.stderr, deps.now, { level, json: invocation.on('json') })
}
