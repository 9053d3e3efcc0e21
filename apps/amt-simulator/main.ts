import { Fault } from '@outrider/protocols/values'
import { Command } from 'commander'
import { firmwareCommand } from './firmware-command.ts'
import { fleetCommand } from './fleet/fleet-command.ts'
import { nodeCommand } from './node/node-command.ts'
import { makeProvisioningCertCommand } from './provisioning-certificate/command.ts'

const program = new Command('amt-simulator')
  .description('simulated machines with Intel AMT firmware version 16')
  .showHelpAfterError()
firmwareCommand(program)
nodeCommand(program)
fleetCommand(program)
makeProvisioningCertCommand(program)

// Whoever reads the output may go away; the machines stay.
process.stdout.on('error', () => undefined)

try {
  await program.parseAsync()
  process.exit(0)
} catch (error) {
  if (error instanceof Fault) console.error(`amt-simulator: ${error.message} ${error.remedy}`)
  else console.error('amt-simulator:', error)
  process.exit(1)
}
