import { describe } from 'node:test'
import type { InventoryStore } from '@outrider/domain/ports'
import { auditTests } from './inventory/audit.ts'
import { enrolmentTests } from './inventory/enrolments.ts'
import { hostListTests } from './inventory/host-lists.ts'
import { hostTests } from './inventory/hosts.ts'
import { operationTests } from './inventory/operations.ts'
import { projectTests } from './inventory/projects.ts'
import { transactionTests } from './inventory/transactions.ts'

export interface OpenInventoryStore {
  readonly store: InventoryStore
  close(): Promise<void>
}

/** The behaviour of every `InventoryStore`. */
export const inventoryStoreSuite = (name: string, open: () => Promise<OpenInventoryStore>): void => {
  describe(`${name} as InventoryStore`, () => {
    const using = async (work: (store: InventoryStore) => Promise<void>): Promise<void> => {
      const { store, close } = await open()
      try {
        await work(store)
      } finally {
        await close()
      }
    }
    describe('transactions', () => transactionTests(using))
    describe('projects', () => projectTests(using))
    describe('hosts', () => hostTests(using))
    describe('lists of hosts', () => hostListTests(using))
    describe('operations', () => operationTests(using))
    describe('audit', () => auditTests(using))
    describe('enrolments', () => enrolmentTests(using))
  })
}
