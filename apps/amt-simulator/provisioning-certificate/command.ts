import { type Command, InvalidArgumentError, Option } from 'commander'
import type { ProvisioningWish } from './make.ts'

interface Flags extends Omit<ProvisioningWish, 'commonName'> {
  readonly domainSuffix: string
  readonly commonName?: string
}

const whole =
  (least: number, most: number) =>
  (text: string): number => {
    const value = Number(text)
    if (!Number.isSafeInteger(value) || value < least || value > most)
      throw new InvalidArgumentError(`It is not a number from ${least} to ${most}.`)
    return value
  }

/** `amt-simulator make-provisioning-cert`: what admin control mode needs, for machines that are simulated. */
export const makeProvisioningCertCommand = (program: Command): void => {
  program
    .command('make-provisioning-cert')
    .description('make a test authority and a provisioning certificate (PFX) that simulated machines can trust')
    .requiredOption('--out <folder>', 'where the files go; an authority that is there already is used again')
    .option('--domain-suffix <domain>', 'DNS suffix of the machines', 'vprodemo.com')
    .option('--common-name <name>', 'name of the certificate; by default provision. and the suffix')
    .option('--password-file <file>', 'holds the password of the PFX; without it one is made up and written')
    .option('--pfx <name>', 'file name of the PFX', 'provisioning.pfx')
    .addOption(
      new Option('--ciphers <kind>', 'how the PFX is encrypted').choices(['modern', 'legacy']).default('modern'),
    )
    .addOption(
      new Option('--kind <kind>', 'what is wrong with the certificate, or unusual')
        .choices(['good', 'expired', 'early', 'wrong-purpose', 'unit'])
        .default('good'),
    )
    .option('--intermediates <n>', 'authorities between root and certificate', whole(0, 4), 1)
    .option('--days <n>', 'how long the certificate is valid', whole(1, 3650), 365)
    .addOption(new Option('--key-bits <n>', 'size of the RSA key').argParser(whole(1024, 4096)).default(2048))
    .option('--authority <name>', 'name of the authority, where one is made', 'Outrider Test Provisioning Root')
    .option('--no-root', 'leave the root out of the PFX')
    .action(run)
}

const run = async (flags: Flags): Promise<void> => {
  // Cryptography that nothing else of the simulator needs.
  const { makeProvisioningCertificate } = await import('./make.ts')
  const made = await makeProvisioningCertificate({
    ...flags,
    commonName: flags.commonName ?? `provision.${flags.domainSuffix}`,
  })
  console.log(`certificate  ${made.pfx} for ${made.commonName}, valid until ${made.notAfter.toISOString()}`)
  console.log(`password     ${made.password}`)
  console.log(`root hash    ${made.rootHash}: SHA-256 ${made.hash}`)
  console.log(`machines trust it with --trust ${made.rootHash}`)
}
