import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { EventSink } from '@outrider/domain/ports'
import { manageabilityFaults, type RpcRunner } from '@outrider/platform-manageability-agent'
import { type Milliseconds, minutes, seconds } from '@outrider/protocols/values'

const OUTPUT_LIMIT = 1024 * 1024
/** Longer than any order: only an RPC that hangs, in the driver say, takes so long. */
const LONGEST_RUN: Milliseconds = minutes(15)
/** How long RPC has to leave the engine in order once it is told to end. */
const GRACE: Milliseconds = seconds(10)

/**
 * Runs RPC as a process of its own: `program` with its words, what is secret in its environment. No run lasts for
 * ever: the agent does one thing at a time.
 */
export const rpcProcess = async (options: {
  readonly program: readonly [command: string, ...words: string[]]
  readonly stateDir: string
  readonly ca: Buffer | undefined
  readonly events: EventSink
  readonly longestRun?: Milliseconds
  readonly grace?: Milliseconds
}): Promise<RpcRunner> => {
  const { longestRun = LONGEST_RUN, grace = GRACE } = options
  const environment: Record<string, string> = {}
  if (options.ca !== undefined) {
    const file = join(options.stateDir, 'orchestrator-ca.crt')
    await mkdir(options.stateDir, { recursive: true })
    await writeFile(file, options.ca)
    await chmod(file, 0o644)
    environment.RPC_CA_FILE = file
  }
  const [command, ...first] = options.program
  return {
    async run(words, given, signal) {
      signal.throwIfAborted()
      const child = spawn(command, [...first, ...words], {
        stdio: ['ignore', 'pipe', 'pipe'],
        env: { ...process.env, ...environment, ...given },
        // Its own group: a kill of the agent does not cut an activation in the middle of a frame.
        detached: true,
      })
      const about = { rpcPid: child.pid ?? 0, command: words[0] ?? '' }
      const timers: NodeJS.Timeout[] = []
      const end = (): void => {
        child.kill('SIGTERM')
        timers.push(setTimeout(() => child.kill('SIGKILL'), grace))
      }
      timers.push(setTimeout(end, longestRun))
      signal.addEventListener('abort', end, { once: true })
      try {
        const output = { stdout: '', stderr: '' }
        for (const name of ['stdout', 'stderr'] as const)
          child[name].setEncoding('utf8').on('data', (chunk: string) => {
            output[name] = (output[name] + chunk).slice(-OUTPUT_LIMIT)
          })
        child.once('spawn', () => options.events.emit('agent.rpc', about))
        const [code] = (await once(child, 'close')) as [number | null]
        options.events.emit('agent.rpc', { ...about, code: code ?? -1 })
        return { exitCode: code ?? -1, ...output }
      } catch (error) {
        throw manageabilityFaults.RPC_NOT_STARTED({ reason: (error as NodeJS.ErrnoException).code ?? 'unknown' }, error)
      } finally {
        signal.removeEventListener('abort', end)
        for (const timer of timers) clearTimeout(timer)
      }
    },
  }
}
