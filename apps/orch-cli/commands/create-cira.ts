import { isIP } from 'node:net'
import { secret } from '@outrider/protocols/values'
import { readText } from '../cli.ts'
import { type CommandRecord, textOf } from '../command.ts'
import { projectUuid, warnOfOthers } from '../default-cira.ts'
import { faults } from '../faults.ts'
import { ciraSheet } from '../output/provisioning.ts'
import { firstLine, readAll } from '../prompt.ts'

const DEFAULT_PORT = 4433
/** Of `serverAddressFormat` (reference/rps.md 3.3), by what `isIP` says. */
const FORMAT: Readonly<Record<number, number>> = { 4: 3, 6: 4, 0: 201 }

const help = 'orch-cli create cira --help'

/** `host:port`, or a host alone. */
const splitAddress = (address: string): { readonly host: string; readonly port: number | undefined } => {
  const [, host, port] = /^(.*?)(?::(\d+))?$/.exec(isIP(address) === 6 ? `${address}:` : address) ?? []
  const bare = (host ?? address).replace(/^\[|\]$|:$/g, '')
  return { host: bare, port: port === undefined ? undefined : Number(port) }
}

/** Base64 of a certificate without its armour. */
const bare = (pem: string): string => pem.replace(/-----[^-]+-----|\s/g, '')

export const command: CommandRecord = {
  about:
    'Tells where and how devices dial home. Without a name it is the default config of the project, named by its UUID, ' +
    'which is made by itself where it is needed; without an address it is this orchestrator.',
  arguments: [
    { name: 'name', about: 'name of the config; the UUID of the project where it is left out', optional: true },
  ],
  options: [
    { flags: '--mps-address <address>', about: 'name or address of the MPS, with its port (4433) where it is another' },
    { flags: '--username <user>', about: 'user devices log in with, 5 to 16 letters and digits (admin)' },
    { flags: '--common-name <name>', about: 'name in the certificate of the MPS, where it is not the address' },
    { flags: '--mps-root <file>', about: 'root certificate of the MPS, PEM; that of this orchestrator otherwise' },
    { flags: '--password-file <file>', about: 'one password for all devices; random for each otherwise' },
    { flags: '--proxy <details>', about: 'proxy of the devices, as the firmware takes it' },
  ],
  examples: ['orch-cli create cira', 'orch-cli create cira plant-2 --mps-address mps.plant-2.example:4433'],
  run: async (cli, [given], options) => {
    const api = await cli.api()
    const name = given ?? (await projectUuid(api))
    const address = textOf(options, 'mpsAddress') ?? (await api.deployment()).ciraAddress
    if (address === undefined)
      throw faults.CLI_USAGE({ why: 'This orchestrator does not say where devices dial: give --mps-address.', help })
    const { host, port = DEFAULT_PORT } = splitAddress(address)
    const rootFile = textOf(options, 'mpsRoot')
    const passwordFile = textOf(options, 'passwordFile')
    const password =
      passwordFile === undefined
        ? undefined
        : secret(firstLine(passwordFile === '-' ? await readAll(cli.input) : await readText(passwordFile)))
    const config = await api.createCiraConfig({
      configName: name,
      mpsServerAddress: host,
      mpsPort: port,
      username: textOf(options, 'username') ?? 'admin',
      commonName: textOf(options, 'commonName') ?? host,
      serverAddressFormat: FORMAT[isIP(host)],
      authMethod: 2,
      mpsRootCertificate: bare(rootFile === undefined ? await api.ciraRoot() : await readText(rootFile)),
      proxyDetails: textOf(options, 'proxy') ?? '',
      ...(password === undefined ? {} : { password: password.reveal() }),
    })
    await warnOfOthers(cli, api, [config.configName])
    await cli.print(config, () => ciraSheet(config, cli.paint))
  },
}
