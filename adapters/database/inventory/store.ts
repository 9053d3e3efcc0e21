import type { InventoryStore, InventoryTables } from '@outrider/domain/ports'
import type { Connection, Scope } from '../connection.ts'
import { auditTable } from './audit.ts'
import { enrolmentTable } from './enrolments.ts'
import { hostTable } from './hosts.ts'
import { operationTable } from './operations.ts'
import { projectTable } from './projects.ts'

export const inventoryStore = (connection: Connection): InventoryStore => ({
  transaction: (work, signal) => connection.transaction(signal, (scope) => work(tables(scope))),
})

const tables = (scope: Scope): InventoryTables => ({
  projects: projectTable(scope),
  hosts: hostTable(scope),
  operations: operationTable(scope),
  audit: auditTable(scope),
  enrolments: enrolmentTable(scope),
})
