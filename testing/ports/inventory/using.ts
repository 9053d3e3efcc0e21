import type { InventoryStore, InventoryTables, Page } from '@outrider/domain/ports'
import { deadline } from '../fixtures.ts'

/** Gives a test a store of its own. */
export type Using = (work: (store: InventoryStore) => Promise<void>) => Promise<void>

/** One transaction. */
export const tx = <T>(store: InventoryStore, work: (tables: InventoryTables) => Promise<T>): Promise<T> =>
  store.transaction(work, deadline())

/** Every item of a list, read page by page, each in its own transaction; `between` runs after each page. */
export const allPages = async <T>(
  store: InventoryStore,
  read: (tables: InventoryTables, after: { readonly after?: string }) => Promise<Page<T>>,
  between: () => Promise<void> = async () => undefined,
): Promise<T[]> => {
  const items: T[] = []
  let after: { readonly after?: string } = {}
  for (;;) {
    const page = await tx(store, (tables) => read(tables, after))
    items.push(...page.items)
    if (page.next === undefined) return items
    after = { after: page.next }
    await between()
  }
}
