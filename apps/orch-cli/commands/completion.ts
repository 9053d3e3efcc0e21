import { type CommandEntry, type CommandRecord, globalOptions } from '../command.ts'
import { faults } from '../faults.ts'

const SHELLS = ['bash', 'zsh', 'fish']

const longFlag = (flags: string): string => /--[\w-]+/.exec(flags)?.[0] ?? flags

interface Completed {
  readonly words: string
  readonly flags: readonly string[]
}

const completed = async (entries: readonly CommandEntry[]): Promise<Completed[]> =>
  Promise.all(
    entries.map(async ({ path, load }) => ({
      words: path.join(' '),
      flags: ((await load()).command.options ?? []).map(({ flags }) => longFlag(flags)),
    })),
  )

const GLOBAL_FLAGS = [...globalOptions.map(({ flags }) => longFlag(flags)), '--help'].join(' ')

const verbsOf = (commands: readonly Completed[]): string =>
  [...new Set(commands.map(({ words }) => words.split(' ')[0]!))].join(' ')

const nounsOf = (commands: readonly Completed[]): ReadonlyMap<string, string> => {
  const nouns = new Map<string, string>()
  for (const { words } of commands) {
    const [verb, noun] = words.split(' ')
    if (noun !== undefined) nouns.set(verb!, `${nouns.get(verb!) ?? ''} ${noun}`.trim())
  }
  return nouns
}

const bash = (commands: readonly Completed[]): string[] => [
  '_orch_cli() {',
  '  local word=$' + '{COMP_WORDS[COMP_CWORD]} verb=$' + '{COMP_WORDS[1]} noun=$' + '{COMP_WORDS[2]}',
  `  if [ "$COMP_CWORD" -eq 1 ]; then COMPREPLY=($(compgen -W "${verbsOf(commands)}" -- "$word")); return; fi`,
  '  if [ "$COMP_CWORD" -eq 2 ]; then',
  '    case $verb in',
  ...[...nounsOf(commands)].map(
    ([verb, nouns]) => `      ${verb}) COMPREPLY=($(compgen -W "${nouns}" -- "$word")); return ;;`,
  ),
  '    esac',
  '  fi',
  '  case "$verb $noun" in',
  ...commands
    .filter(({ flags }) => flags.length > 0)
    .map(
      ({ words, flags }) =>
        `    ${words.includes(' ') ? `"${words}"` : `"${words} "*`}) COMPREPLY=($(compgen -W "${flags.join(' ')} ${GLOBAL_FLAGS}" -- "$word")) ;;`,
    ),
  `    *) COMPREPLY=($(compgen -W "${GLOBAL_FLAGS}" -- "$word")) ;;`,
  '  esac',
  '}',
  'complete -F _orch_cli orch-cli',
]

const fish = (commands: readonly Completed[]): string[] => [
  `complete -c orch-cli -f -n __fish_use_subcommand -a "${verbsOf(commands)}"`,
  ...[...nounsOf(commands)].map(
    ([verb, nouns]) => `complete -c orch-cli -f -n "__fish_seen_subcommand_from ${verb}" -a "${nouns}"`,
  ),
  ...commands.flatMap(({ words, flags }) => {
    const seen = words
      .split(' ')
      .map((word) => `__fish_seen_subcommand_from ${word}`)
      .join('; and ')
    return flags.map((flag) => `complete -c orch-cli -n "${seen}" -l ${flag.slice(2)}`)
  }),
]

export const command: CommandRecord = {
  about: 'Prints a completion script for bash, zsh or fish.',
  arguments: [{ name: 'shell', about: SHELLS.join(', ') }],
  examples: ['source <(orch-cli completion bash)'],
  run: async (cli, [shell]) => {
    const { commands } = await import('./index.ts')
    const known = await completed(commands)
    if (shell === 'bash') cli.out(bash(known))
    else if (shell === 'zsh') cli.out(['autoload -Uz bashcompinit && bashcompinit', ...bash(known)])
    else if (shell === 'fish') cli.out(fish(known))
    else throw faults.CLI_USAGE({ why: `There is no completion for ${shell}.`, help: 'orch-cli completion --help' })
  },
}
