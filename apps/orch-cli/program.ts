import { Argument, Command, CommanderError, Option } from 'commander'
import { type CommandEntry, type CommandRecord, type Given, globalOptions, type OptionRecord } from './command.ts'
import { faults } from './faults.ts'

export interface ProgramOptions {
  readonly entries: readonly CommandEntry[]
  readonly out: (text: string) => void
  /** Runs a command with everything that was given to it. */
  readonly run: (command: CommandRecord, args: readonly (string | undefined)[], options: Given) => Promise<void>
}

const addOptions = (to: Command, options: readonly OptionRecord[]): void => {
  for (const { flags, about, choices } of options) {
    const option = new Option(flags, about)
    to.addOption(choices === undefined ? option : option.choices([...choices]))
  }
}

const quiet = (command: Command, out: (text: string) => void): Command =>
  command
    .exitOverride()
    .configureOutput({ writeOut: out, writeErr: () => undefined })
    .helpOption('-h, --help', 'show this help')
    .configureHelp({ subcommandTerm: (command) => command.name() })

const EXAMPLES = (examples: readonly string[] | undefined): string =>
  examples === undefined ? '' : `\nExamples:\n${examples.map((example) => `  ${example}`).join('\n')}`

/** The parser of one loaded command. */
const leaf = (name: string, record: CommandRecord, { out, run }: ProgramOptions, outer: Given): Command => {
  const command = quiet(new Command(name), out)
    .description(record.about)
    .addHelpText('after', EXAMPLES(record.examples))
  for (const { name: argument, about, optional } of record.arguments ?? [])
    command.addArgument(new Argument(optional === true ? `[${argument}]` : `<${argument}>`, about))
  addOptions(command, [...(record.options ?? []), ...globalOptions])
  command.action(async () => {
    await run(record, command.processedArgs as (string | undefined)[], { ...outer, ...command.opts() })
  })
  return command
}

/**
 * The whole grammar, `orch-cli <verb> <noun> … --options`. A command is loaded once its words were read; what
 * follows them is parsed by its own record.
 */
export const createProgram = (options: ProgramOptions): Command => {
  const { entries, out } = options
  const program = quiet(new Command('orch-cli'), out)
    .description('Out-of-band management of Intel AMT machines through an Outrider orchestrator.')
    .enablePositionalOptions()
    .helpCommand(false)
    .addHelpText('after', '\nExit codes are listed in docs/exit-codes.md.')
  addOptions(program, globalOptions)
  const verbs = new Map<string, Command>()

  for (const entry of entries) {
    const [verb, noun] = entry.path
    let parent = program
    if (noun !== undefined) {
      const known = verbs.get(verb)
      parent = known ?? quiet(program.command(verb), out).enablePositionalOptions().helpCommand(false)
      if (known === undefined) {
        addOptions(parent, globalOptions)
        verbs.set(verb, parent)
      }
    }
    const stub = quiet(parent.command(noun ?? verb), out)
      .description(entry.about)
      .aliases([...(entry.aliases ?? [])])
      .allowUnknownOption()
      .passThroughOptions()
      .helpOption(false)
      .argument('[words...]')
    stub.action(async () => {
      const { command } = await entry.load()
      const outer = { ...program.opts(), ...parent.opts() } as Given
      await leaf(`orch-cli ${entry.path.join(' ')}`, command, options, outer).parseAsync(stub.args, { from: 'user' })
    })
  }
  for (const [verb, command] of verbs)
    command.description(
      `${entries
        .filter(({ path }) => path[0] === verb)
        .map(({ path }) => path[1])
        .join(', ')}`,
    )
  return program
}

/** Whether `error` is the end of a run that only showed help. */
export const isHelp = (error: unknown): boolean =>
  error instanceof CommanderError && (error.code === 'commander.helpDisplayed' || error.code === 'commander.version')

const isWord = (word: string): boolean => /^[a-z][a-z-]*$/.test(word)

/** A usage error as a fault; `undefined` where `error` is none. */
export const usageFault = (error: unknown, words: readonly string[]) => {
  if (!(error instanceof CommanderError)) return undefined
  const known = words.slice(0, 2).filter(isWord)
  const path = error.code === 'commander.unknownCommand' ? known.slice(0, -1) : known
  const help = ['orch-cli', ...path, '--help'].join(' ')
  if (error.code === 'commander.help') return faults.CLI_USAGE({ why: 'A command is missing.', help })
  const why = error.message.replace(/^error: /, '').replace(/\.+$/, '')
  return faults.CLI_USAGE({ why: `${why.charAt(0).toUpperCase()}${why.slice(1)}.`, help })
}
