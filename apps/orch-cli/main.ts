import { Fault, faultStatus } from '@outrider/protocols/values'
import { createCli } from './cli.ts'
import type { Given } from './command.ts'
import { commands } from './commands/index.ts'
import { printFault } from './print-fault.ts'
import { createProgram, isHelp, usageFault } from './program.ts'

const INTERRUPTED = 130

const interrupted = new AbortController()
process.once('SIGINT', () => {
  process.exitCode = INTERRUPTED
  interrupted.abort(new Error('interrupted'))
})
// Whoever reads our output may have read enough.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0)
  throw error
})

const words = process.argv.slice(2)
let given: Given = {}
const { stdin, stdout, stderr, env: environment } = process
const { signal } = interrupted

try {
  await createProgram({
    entries: commands,
    out: (text) => stdout.write(text),
    run: async (command, args, options) => {
      given = options
      using cli = createCli({ environment, stdin, stdout, stderr, signal }, options)
      await command.run(cli, args, options)
    },
  }).parseAsync(words, { from: 'user' })
} catch (error) {
  if (!signal.aborted && !isHelp(error)) {
    const fault = usageFault(error, words) ?? Fault.from(error)
    printFault({ stderr, environment }, fault, given.output === 'json', given.verbose === true)
    process.exitCode = faultStatus[fault.kind].exit
  }
}
