export { type InventoryConfig, inventoryConfig } from './config.ts'
export { createInventory, type InventoryComponent } from './inventory.ts'
export type { InventoryDeps, PublicEndpoints } from './records/deps.ts'
