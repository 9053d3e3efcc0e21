import { type CommandRecord, textOf } from '../command.ts'
import { faults } from '../faults.ts'
import { hostSheet } from '../output/host.ts'

export const command: CommandRecord = {
  about: 'Registers a machine by serial number, UUID or both, as its BIOS reports them.',
  arguments: [{ name: 'name', about: 'name of the host; its id where it is left out', optional: true }],
  options: [
    { flags: '--serial <number>', about: 'serial number' },
    { flags: '-u, --uuid <uuid>', about: 'UUID (SMBIOS)' },
  ],
  examples: ['orch-cli create host edge-1 --serial ABC12345 --uuid d12428be-9fa1-4226-9784-54b2038beab6'],
  run: async (cli, [name], options) => {
    const serialNumber = textOf(options, 'serial')
    const uuid = textOf(options, 'uuid')
    if (serialNumber === undefined && uuid === undefined)
      throw faults.CLI_USAGE({ why: 'Give --serial, --uuid or both.', help: 'orch-cli create host --help' })
    const host = await (await cli.api()).register({
      ...(name === undefined ? {} : { name }),
      ...(serialNumber === undefined ? {} : { serialNumber }),
      ...(uuid === undefined ? {} : { uuid }),
      autoOnboard: true,
    })
    await cli.print(host, () => [
      ...hostSheet(host, cli.paint),
      '',
      `Next: orch-cli generate agent-env --host ${host.name} --out agent.env`,
    ])
  },
}
