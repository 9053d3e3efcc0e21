import { type Secret, secret } from '../values/index.ts'
import { rpsFaults } from './faults.ts'

// The method of a client's first message is a command line (reference/rps.md 1.4, rpc.md 13.3). It has no
// quoting, so a value is all that stands between its option and the next option that may follow it: names
// that look like numbers stay texts, and passwords may hold spaces and dashes.

export const maintenanceTasks = ['synctime', 'synchostname', 'syncip', 'changepassword', 'syncdeviceinfo'] as const
export type MaintenanceTask = (typeof maintenanceTasks)[number]

/** What a client asks for. A password it did not give is `undefined`; `force` skips the password comparison. */
export type RpsCommand =
  | { readonly verb: 'activate'; readonly profile: string; readonly force: boolean }
  | { readonly verb: 'deactivate'; readonly password: Secret | undefined; readonly force: boolean }
  | {
      readonly verb: 'maintenance'
      readonly task: MaintenanceTask
      readonly password: Secret | undefined
      /** Of `changepassword`; `undefined` asks the server to choose one. */
      readonly newPassword: Secret | undefined
      readonly force: boolean
    }

export const isCommandLine = (method: string): boolean => /^(activate|deactivate|maintenance)(\s|$)/.test(method)

export const formatCommandLine = (command: RpsCommand): string => {
  const force = command.force ? ' -f' : ''
  switch (command.verb) {
    case 'activate':
      return `activate --profile ${command.profile}${force}`
    case 'deactivate':
      return command.password === undefined
        ? `deactivate${force}`
        : `deactivate --password ${command.password.reveal()}${force}`
    case 'maintenance': {
      const password = command.password === undefined ? '' : ` -password ${command.password.reveal()}`
      const renewed = command.newPassword === undefined ? '' : ` ${command.newPassword.reveal()}`
      return `maintenance${password} --${command.task}${renewed}${force}`
    }
  }
}

/** The command of a first message. Throws `RPS_COMMAND_MALFORMED`; its detail never holds the line itself. */
export const parseCommandLine = (method: string): RpsCommand => {
  const line = method.trimStart()
  const verb = /^\S+/.exec(line)?.[0]
  const forced = /\s-f$/.exec(line)
  const force = forced !== null
  const rest = line.slice(verb?.length ?? 0, forced?.index ?? line.length).trimStart()
  switch (verb) {
    case 'activate':
      return { verb, profile: valueAfter(rest, /^--?profile(?:[ =]|$)/)?.trim() ?? missing('a profile'), force }
    case 'deactivate':
      return { verb, password: optional(valueAfter(rest, /^(?:--?password|-p)(?:[ =]|$)/)), force }
    case 'maintenance':
      return { ...maintenance(rest), force }
    default:
      return missing('activate, deactivate or maintenance')
  }
}

const TASK = new RegExp(`(?:^| )--?(${maintenanceTasks.join('|')})(?: (.*))?$`, 's')

const maintenance = (rest: string): Omit<Extract<RpsCommand, { verb: 'maintenance' }>, 'force'> => {
  const found = TASK.exec(rest)
  if (found === null) return missing('a maintenance task')
  const task = found[1] as MaintenanceTask
  return {
    verb: 'maintenance',
    task,
    password: optional(valueAfter(rest.slice(0, found.index), /^(?:--?password|-p)(?:[ =]|$)/)),
    newPassword: task === 'changepassword' ? optional(found[2]) : undefined,
  }
}

/** All that follows an option; `undefined` where the option is not there or nothing follows. */
const valueAfter = (rest: string, option: RegExp): string | undefined => {
  const found = option.exec(rest)
  if (found === null) return undefined
  const value = rest.slice(found[0].length)
  return value.trim() === '' ? undefined : value
}

const optional = (value: string | undefined): Secret | undefined =>
  value === undefined || value === '' ? undefined : secret(value)

const missing = (what: string): never => {
  throw rpsFaults.RPS_COMMAND_MALFORMED({ reason: `${what} is missing` })
}
