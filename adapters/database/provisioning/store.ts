import type { AmtProfile, CiraConfig, Clock, ProvisioningStore } from '@outrider/domain/ports'
import type { Connection } from '../connection.ts'
import { catalogue } from './catalogue.ts'
import { domainTable } from './domains.ts'
import { ticketTable } from './tickets.ts'

export const provisioningStore = (connection: Connection, clock: Clock): ProvisioningStore => ({
  ciraConfigs: catalogue<CiraConfig>(connection, 'cira-config'),
  profiles: catalogue<AmtProfile>(connection, 'profile'),
  domains: domainTable(connection),
  tickets: ticketTable(connection, clock),
})
