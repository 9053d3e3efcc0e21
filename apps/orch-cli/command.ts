import type { Cli } from './cli.ts'

/** One option of a command, in the words of commander (`-r, --power <state>`). */
export interface OptionRecord {
  readonly flags: string
  readonly about: string
  readonly choices?: readonly string[]
}

export interface ArgumentRecord {
  readonly name: string
  readonly about: string
  readonly optional?: boolean
}

/** Options as given: text of those with a value, `true` of those without. */
export type Given = Readonly<Record<string, string | true | undefined>>

/** A command as data: help, completion and the run itself come from it. */
export interface CommandRecord {
  readonly about: string
  readonly arguments?: readonly ArgumentRecord[]
  readonly options?: readonly OptionRecord[]
  readonly examples?: readonly string[]
  run(cli: Cli, args: readonly (string | undefined)[], options: Given): Promise<void>
}

/** What is known of a command without loading it. */
export interface CommandEntry {
  /** Verb, or verb and noun. */
  readonly path: readonly [string] | readonly [string, string]
  readonly about: string
  /** Further spellings of the last word. */
  readonly aliases?: readonly string[]
  load(): Promise<{ readonly command: CommandRecord }>
}

/** The text of an option, where it was given with a value. */
export const textOf = (options: Given, name: string): string | undefined => {
  const value = options[name]
  return value === true ? undefined : value
}

/** Options that every command takes, before or behind its name. */
export const globalOptions: readonly OptionRecord[] = [
  { flags: '--api-endpoint <url>', about: 'origin of the orchestrator' },
  { flags: '-p, --project <name>', about: 'project, by name or UUID' },
  { flags: '--ca <file>', about: 'CA certificates (PEM) to verify the orchestrator with' },
  { flags: '-o, --output <format>', about: 'form of the output', choices: ['table', 'json', 'yaml'] },
  { flags: '-v, --verbose', about: 'show each request' },
]
