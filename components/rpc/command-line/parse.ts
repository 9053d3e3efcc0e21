import { rpcFaults } from '../faults.ts'
import { parseLogLevel } from '../log.ts'
import { type CommandName, commands, type Flag, globalFlags } from './flags.ts'

export type Environment = Readonly<Record<string, string | undefined>>

/** A command with the flags it was given. A flag's value is that of the command line, else of the environment. */
export class Invocation {
  readonly command: CommandName | 'help'
  readonly #flags: readonly Flag[]
  readonly #given: ReadonlyMap<string, string>
  readonly #env: Environment

  constructor(
    command: CommandName | 'help',
    flags: readonly Flag[],
    given: ReadonlyMap<string, string>,
    env: Environment,
  ) {
    this.command = command
    this.#flags = flags
    this.#given = given
    this.#env = env
  }

  /** The value of a flag; `undefined` where nobody gave any. */
  value(name: string): string | undefined {
    const given = this.#given.get(name)
    if (given !== undefined) return given
    const flag = this.#flags.find((each) => each.name === name)
    if (flag === undefined) return undefined
    for (const variable of [...(flag.env ?? []), variableOf(name)]) {
      const value = this.#env[variable]
      if (value !== undefined && value !== '') return value
    }
    return undefined
  }

  on(name: string): boolean {
    const value = this.value(name)
    return value !== undefined && !['false', '0', 'f', 'no'].includes(value.toLowerCase())
  }

  /** Whether the flag stands on the command line itself. */
  given(name: string): boolean {
    return this.#given.has(name)
  }

  /** Secrets that stand on the command line. */
  get exposed(): readonly string[] {
    return this.#flags.filter((flag) => flag.secret && this.#given.has(flag.name)).map((flag) => flag.name)
  }
}

/** `stopConfig` → `RPC_STOP_CONFIG`. */
const variableOf = (name: string): string =>
  `RPC_${name
    .replace(/([a-z\d])([A-Z])/g, '$1_$2')
    .replaceAll('-', '_')
    .toUpperCase()}`

const isCommand = (word: string): word is CommandName => Object.hasOwn(commands, word)

/**
 * Reads both generations of the command line: `--name value`, `--name=value`, and single dashes before long
 * names. Flags may stand before the command; without a command it is `amtinfo`. Throws `RPC_USAGE`.
 */
export const parseCommandLine = (argv: readonly string[], env: Environment): Invocation => {
  const command = argv.find(isCommand)
  const flags = [...globalFlags, ...(command === undefined ? commands.amtinfo.flags : commands[command].flags)]
  const given = new Map<string, string>()
  let seen = false
  for (let at = 0; at < argv.length; at++) {
    const word = argv[at]!
    if (!word.startsWith('-') || word === '-') {
      if (word === command && !seen) seen = true
      else throw rpcFaults.RPC_USAGE({ reason: `unexpected argument ${word}` })
      continue
    }
    const { name, inline } = split(word)
    // The earlier generation wrote the log level as `-l LEVEL`, the later one `-l` for local.
    const level = argv[at + 1]
    if (word === '-l' && level !== undefined && parseLogLevel(level) !== undefined) {
      given.set('log-level', level)
      at++
      continue
    }
    const flag = find(flags, name, word.startsWith('--'))
    if (flag === undefined) throw rpcFaults.RPC_USAGE({ reason: `unknown flag ${word.replace(/=.*$/s, '')}` })
    if (flag.takes === 'nothing') given.set(flag.name, inline ?? 'true')
    else {
      const value = inline ?? argv[++at]
      if (value === undefined) throw rpcFaults.RPC_USAGE({ reason: `flag --${flag.name} needs a value` })
      given.set(flag.name, value)
    }
  }
  return new Invocation(given.has('help') ? 'help' : (command ?? 'amtinfo'), flags, given, env)
}

const split = (word: string): { readonly name: string; readonly inline: string | undefined } => {
  const bare = word.replace(/^--?/, '')
  const equals = bare.indexOf('=')
  return equals < 0
    ? { name: bare, inline: undefined }
    : { name: bare.slice(0, equals), inline: bare.slice(equals + 1) }
}

/** A command's own flag goes before a global one of the same name. */
const find = (flags: readonly Flag[], name: string, long: boolean): Flag | undefined =>
  flags.findLast((flag) => flag.name === name || flag.also?.includes(name) === true || (!long && flag.short === name))

/** The text of `--help`. */
export const usage = (): string => {
  const row = ({ name, short, takes, about }: Flag) =>
    `  ${short === undefined ? '    ' : `-${short}, `}${`--${name}${takes === 'value' ? ' VALUE' : ''}`.padEnd(28)}${about}\n`
  const sections = (Object.keys(commands) as CommandName[]).map((name) => {
    const { about, flags } = commands[name]
    return `\n${name}: ${about}\n${(flags as readonly Flag[]).map(row).join('')}`
  })
  return `Usage: rpc <command> [flags]

Remote Provisioning Client (RPC) - used for activation, deactivation and status of AMT

Flags of every command:
${globalFlags.map(row).join('')}${sections.join('')}`
}
