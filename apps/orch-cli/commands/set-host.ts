import { randomUUID } from 'node:crypto'
import type { HostView, OperationView } from '../api.ts'
import { type CommandRecord, type Given, textOf } from '../command.ts'
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
  sleep: 'POWER_STATE_SLEEP',
  hibernate: 'POWER_STATE_HIBERNATE',
  reset: 'POWER_STATE_RESET',
  'power-cycle': 'POWER_STATE_POWER_CYCLE',
}
/** Requests to the operating system, which no desired state stands for. */
const SOFT = ['soft-off', 'soft-reset']
const POLICIES = ['follow', 'keep-on', 'keep-provisioned']
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
    {
      flags: '-m, --control-mode <mode>',
      about: 'control mode to activate in; with --amt-state provisioned also from client to admin in place',
      choices: Object.keys(MODE),
    },
    {
      flags: '-r, --power <action>',
      about: 'power action; soft ones are the operating system’s to do',
      choices: [...Object.keys(POWER), ...SOFT],
    },
    {
      flags: '-c, --power-policy <policy>',
      about: 'whether to ask the operating system first',
      choices: Object.keys(POLICY),
    },
    {
      flags: '--policy <policy>',
      about: 'standing wish: power it on, or activate it, again whenever it is found otherwise',
      choices: POLICIES,
    },
    { flags: '--wait', about: 'wait until it has ended and show its progress' },
    { flags: '--timeout <seconds>', about: 'wait no longer than this' },
  ],
  examples: [
    'orch-cli set host edge-1 --amt-state provisioned --wait',
    'orch-cli set host edge-1 --control-mode admin --amt-state provisioned --wait',
    'orch-cli set host edge-1 --power reset --wait --timeout 120',
    'orch-cli set host edge-1 --policy keep-on',
  ],
  run: async (cli, [hostKey], options) => {
    const fields = [
      ['desiredAmtState', AMT, 'amtState'],
      ['amtControlMode', MODE, 'controlMode'],
      ['desiredPowerState', POWER, 'power'],
      ['powerCommandPolicy', POLICY, 'powerPolicy'],
    ] as const
    const body: Record<string, unknown> = Object.fromEntries(
      fields.flatMap(([field, names, option]) => {
        const given = textOf(options, option)
        return given === undefined || names[given] === undefined ? [] : [[field, names[given]]]
      }),
    )
    const [power, policy] = [textOf(options, 'power'), textOf(options, 'policy')]
    const soft = power !== undefined && SOFT.includes(power) ? { powerAction: power } : {}
    const ours = { ...soft, ...(policy === undefined ? {} : { policy }) }
    if (Object.keys(ours).length > 0) body.outrider = ours
    if (Object.keys(body).length === 0)
      throw faults.CLI_USAGE({
        why: 'Give --amt-state, --control-mode, --power, --power-policy or --policy.',
        help: 'orch-cli set host --help',
      })
    const timeout = readSeconds(options, 'timeout')
    const api = await cli.api()
    const { resourceId, name } = await api.host(hostKey!)
    const key = randomUUID()
    const ask = () => api.patchHost(resourceId, body, key)
    // It was there a moment ago; who waits for the operation also waits for its request to get through.
    const { host, operations } = options.wait === true ? await whileAway(cli, cli.err, ask) : await ask()

    const against = contradiction(host, options)
    if (against !== undefined) cli.err(`${cli.paint('yellow', 'warning:')} ${against}`)
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

/** What the policy of the host will undo of what was asked. */
const contradiction = ({ name, outrider }: HostView, options: Given): string | undefined => {
  const power = textOf(options, 'power')
  const undo = `orch-cli set host ${name} --policy follow leaves it so.`
  if (
    outrider?.policy === 'keep-on' &&
    power !== undefined &&
    ['off', 'soft-off', 'sleep', 'hibernate'].includes(power)
  )
    return `the policy keep-on will power ${name} on again; ${undo}`
  if (outrider?.policy === 'keep-provisioned' && textOf(options, 'amtState') === 'unprovisioned')
    return `the policy keep-provisioned will activate ${name} again; ${undo}`
  return undefined
}
