import { secret } from '@outrider/protocols/values'
import { readBytes, readText } from '../cli.ts'
import { type CommandRecord, textOf } from '../command.ts'
import { faults } from '../faults.ts'
import { amtProfileSheet } from '../output/provisioning.ts'
import { askPassword, firstLine, readAll } from '../prompt.ts'

const FORMATS = ['string', 'raw']

export const command: CommandRecord = {
  about:
    'Keeps a provisioning certificate (a PFX file with its key and whole chain) for a DNS suffix, so that machines ' +
    'with this suffix can be activated in admin control mode. It is examined first. The password of the file is asked ' +
    'for on the terminal or read from a file, never taken from the command line; neither is shown again.',
  arguments: [{ name: 'name', about: 'name of the profile' }],
  options: [
    { flags: '-c, --cert <file>', about: 'the PFX (PKCS#12) file' },
    { flags: '-d, --domain-suffix <dns>', about: 'DNS suffix of the machines it is for' },
    { flags: '--cert-pass-file <file>', about: 'read the password of the PFX from a file; - is the standard input' },
    { flags: '-f, --cert-format <format>', about: 'kept for other clients; nothing depends on it', choices: FORMATS },
  ],
  examples: [
    'orch-cli create amtprofile lab --cert provisioning.pfx --domain-suffix lab.example.com',
    'orch-cli create amtprofile lab -c provisioning.pfx -d lab.example.com --cert-pass-file pfx-password',
  ],
  run: async (cli, [name], options) => {
    const help = 'orch-cli create amtprofile --help'
    const file = textOf(options, 'cert')
    const suffix = textOf(options, 'domainSuffix')
    if (file === undefined) throw faults.CLI_USAGE({ why: 'Give the PFX file with --cert.', help })
    if (suffix === undefined) throw faults.CLI_USAGE({ why: 'Give the DNS suffix with --domain-suffix.', help })
    const certificate = await readBytes(file)
    const passwordFile = textOf(options, 'certPassFile')
    const password = secret(
      passwordFile === undefined
        ? await askPassword(cli, `Password of ${file}: `, faults.CLI_NO_CERT_PASSWORD)
        : firstLine(passwordFile === '-' ? await readAll(cli.input) : await readText(passwordFile)),
    )
    const profile = await (await cli.api()).createAmtProfile({
      profileName: name,
      domainSuffix: suffix,
      provisioningCert: Buffer.from(certificate).toString('base64'),
      provisioningCertPassword: password.reveal(),
      provisioningCertStorageFormat: textOf(options, 'certFormat') ?? 'string',
    })
    await cli.print(profile, () => [
      ...amtProfileSheet(profile, cli.paint, Date.now()),
      '',
      'Next: orch-cli set host NAME --control-mode admin --amt-state provisioned --wait',
    ])
  },
}
