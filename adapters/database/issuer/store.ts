import type { IssuerStore } from '@outrider/domain/ports'
import type { Connection } from '../connection.ts'
import { accountTable } from './accounts.ts'
import { recordTable } from './records.ts'

export const issuerStore = (connection: Connection): IssuerStore => ({
  accounts: accountTable(connection),
  records: recordTable(connection),
})
