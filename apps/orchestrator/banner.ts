import { relative } from 'node:path'
import type { Orchestrator } from './orchestrator.ts'

/** What a person reads when the process serves: where, with which CA and password, and what to type next. */
export const banner = (orchestrator: Orchestrator, openMode: boolean): string => {
  const { origin, listening, cira, caFile, adminPasswordFile } = orchestrator
  const shown = (path: string) => {
    const near = relative(process.cwd(), path)
    return near.startsWith('..') ? path : `./${near}`
  }
  const password = adminPasswordFile === undefined ? '' : ` --password-file ${shown(adminPasswordFile)}`
  const lines = [
    'Outrider serves.',
    '',
    `  API             ${origin}${listening.length > 1 ? `  (${listening.join(', ')})` : ''}`,
    `  Devices (CIRA)  ${cira.join(', ')}`,
    `  CA certificate  ${shown(caFile)}`,
    adminPasswordFile === undefined
      ? '  Admin password  as given in OUTRIDER_ADMIN_PASSWORD'
      : `  Admin password  ${shown(adminPasswordFile)}  (account "admin")`,
    '',
    'Next:',
    '',
    `  npx orch-cli login admin${password} --api-endpoint ${origin} --ca ${shown(caFile)}`,
    '  npx orch-cli create host machine-1 --serial MACHINE1 --uuid $(cat /proc/sys/kernel/random/uuid)',
    '  npx orch-cli generate agent-env --host machine-1 --out machine-1.env',
    '',
  ]
  const warning = [
    '!! OUTRIDER_RPS_OPEN is set: whoever reaches RPS may activate devices into the default project. !!',
    '',
  ]
  return [...lines, ...(openMode ? warning : [])].join('\n')
}
