import { type Given, textOf } from './command.ts'
import { faults } from './faults.ts'

const number = (options: Given, name: string, flag: string, least: number): number | undefined => {
  const text = textOf(options, name)
  if (text === undefined) return undefined
  const value = Number(text)
  if (!Number.isFinite(value) || value < least)
    throw faults.CLI_USAGE({
      why: `${flag} takes a number of at least ${least}, not ${text}.`,
      help: 'orch-cli --help',
    })
  return value
}

/** Seconds of an option. Throws `CLI_USAGE`. */
export const readSeconds = (options: Given, name: string): number | undefined => number(options, name, `--${name}`, 1)

/** A count of an option. Throws `CLI_USAGE`. */
export const readCount = (options: Given, name: string, absent: number): number => {
  const value = number(options, name, `--${name}`, 1)
  return value === undefined ? absent : Math.floor(value)
}
