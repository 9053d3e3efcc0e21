import { randomUUID } from 'node:crypto'
import type { OperationView } from '../api.ts'
import { type CommandRecord, textOf } from '../command.ts'
import { faults } from '../faults.ts'
import { follow } from '../follow.ts'
import { readSeconds } from '../read-number.ts'
import { whileAway } from '../while-away.ts'

const AMT: Readonly<Record<string, string>> = {
  provisioned: 'AMT_STATE_PROVISIONED',
  unprovisioned: 'AMT_STATE_UNPROVISIONED',
}
const MODE: Readonly<Record<string, string>> = { client: 'AMT_CONTROL_MODE_CCM', admin: 'AMT_CONTROL_MODE_ACM' }
const POWER: Readonly<Record<string, string>> = {
  on: 'POWER_STATE_ON',
  off: 'POWER_STATE_OFF',
  reset: 'POWER_STATE_RESET',
  'power-cycle': 'POWER_STATE_POWER_CYCLE',
}
const POLICY: Readonly<Record<string, string>> = {
  immediate: 'POWER_COMMAND_POLICY_IMMEDIATE',
  ordered: 'POWER_COMMAND_POLICY_ORDERED',
}

export const command: CommandRecord = {
  about:
    'Asks for a change of a host. Activation, deactivation and power are operations: with --wait their progress is ' +
    'shown until they end.',
  arguments: [{ name: 'host', about: 'name, id, serial number or UUID' }],
  options: [
    { flags: '-a, --amt-state <state>', about: 'activate or deactivate', choices: Object.keys(AMT) },
    { flags: '-m, --control-mode <mode>', about: 'control mode to activate in', choices: Object.keys(MODE) },
    { flags: '-r, --power <action>', about: 'power action', choices: Object.keys(POWER) },
    {
      flags: '-c, --power-policy <policy>',
      about: 'whether to ask the operating system first',
      choices: Object.keys(POLICY),
    },
    { flags: '--wait', about: 'wait until it has ended and show its progress' },
    { flags: '--timeout <seconds>', about: 'wait no longer than this' },
  ],
  examples: [
    'orch-cli set host edge-1 --amt-state provisioned --wait',
    'orch-cli set host edge-1 --power reset --wait --timeout 120',
  ],
  run: async (cli, [hostKey], options) => {
    const fields = [
      ['desiredAmtState', AMT, 'amtState'],
      ['amtControlMode', MODE, 'controlMode'],
      ['desiredPowerState', POWER, 'power'],
      ['powerCommandPolicy', POLICY, 'powerPolicy'],
    ] as const
    const body = Object.fromEntries(
      fields.flatMap(([field, names, option]) => {
        const given = textOf(options, option)
        return given === undefined ? [] : [[field, names[given]]]
      }),
    )
    if (Object.keys(body).length === 0)
      throw faults.CLI_USAGE({
        why: 'Give --amt-state, --control-mode, --power or --power-policy.',
        help: 'orch-cli set host --help',
      })
    const timeout = readSeconds(options, 'timeout')
    const api = await cli.api()
    const { resourceId, name } = await api.host(hostKey!)
    const key = randomUUID()
    const ask = () => api.patchHost(resourceId, body, key)
    // It was there a moment ago; who waits for the operation also waits for its request to get through.
    const { host, operations } = options.wait === true ? await whileAway(cli, cli.err, ask) : await ask()

    if (options.wait !== true) {
      await cli.print({ host, operations }, () =>
        operations.length === 0
          ? [`${name} is updated.`]
          : operations.map((id) => `Requested: follow it with orch-cli get operation ${id} --wait`),
      )
      return
    }
    const ended: OperationView[] = []
    for (const id of operations) ended.push(await follow(cli, api, id, timeout))
    if (cli.format !== 'table') await cli.print({ host: await api.host(resourceId), operations: ended }, () => [])
    else if (ended.length === 0) cli.out(`${name} is updated.`)
  },
}
