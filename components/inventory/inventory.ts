import type { Project, RequestContext } from '@outrider/domain/identity'
import type { Inventory } from '@outrider/domain/ports'
import type { Route } from '@outrider/protocols/rest'
import type { TSchema } from 'typebox'
import { inventoryDefaults } from './config.ts'
import type { InventoryDeps, InventoryParts } from './records/deps.ts'
import { createEnrolment } from './records/enrolment.ts'
import { inventoryPort } from './records/inventory-port.ts'
import { notifier } from './records/notify.ts'
import { operationWatch } from './records/operation-watch.ts'
import { projectRecords } from './records/projects.ts'
import { createRequests } from './records/requests.ts'
import { createRetire } from './records/retire.ts'
import { auditRoutes } from './rest/audit-routes.ts'
import { enrolmentRoutes } from './rest/enrolment-routes.ts'
import { listRoutes } from './rest/host-list.ts'
import { hostRoutes } from './rest/host-routes.ts'
import { hostViews } from './rest/host-view.ts'
import { writeRoutes } from './rest/host-writes.ts'
import { operationRoutes } from './rest/operation-routes.ts'
import { projectRoutes } from './rest/project-routes.ts'

export interface InventoryComponent {
  /** For other components of the same process. */
  readonly inventory: Inventory
  readonly routes: readonly Route<TSchema, TSchema, TSchema, RequestContext>[]
  /** The project a deployment begins with, made at its first start; safe to race and to repeat. */
  ensureDefaultProject(signal: AbortSignal): Promise<Project>
  /** Throws `PROJECT_NAME_INVALID` and `PROJECT_NAME_TAKEN`. */
  createProject(name: string, signal: AbortSignal): Promise<Project>
  /** By UUID or name, for the `:project` of a path. */
  findProject(key: string, signal: AbortSignal): Promise<Project | undefined>
  start(signal: AbortSignal): Promise<void>
  stop(): Promise<void>
  /** Whether what it needs answers. */
  ready(signal: AbortSignal): Promise<{ readonly name: string; readonly state: 'ok' | 'away' }[]>
}

/** Hosts, their desired and current state, operations, audit and enrolment (architecture 1, 6). */
export const createInventory = (deps: InventoryDeps): InventoryComponent => {
  const parts: InventoryParts = { ...deps, config: { ...inventoryDefaults, ...deps.config } }
  const { store, bus, clock, random } = parts
  const notify = notifier(parts)
  const requests = createRequests(parts, notify)
  const retire = createRetire(parts, notify, requests)
  const inventory = inventoryPort(parts, notify, requests, retire)
  const watch = operationWatch(bus, clock)
  const projects = projectRecords(store, random)
  const views = hostViews(parts)
  const writes = writeRoutes(parts, requests, views)

  return {
    inventory,
    routes: [
      ...projectRoutes(parts),
      ...listRoutes(parts, views),
      ...hostRoutes(parts, notify, requests, retire, views, writes),
      ...writes.routes,
      ...operationRoutes(parts, inventory, watch),
      ...auditRoutes(parts),
      ...enrolmentRoutes(parts, createEnrolment(parts, notify)),
    ],
    ensureDefaultProject: projects.ensureDefault,
    createProject: projects.create,
    findProject: projects.find,
    start: async (signal) => {
      await projects.ensureDefault(signal)
      await retire.resume(signal)
    },
    stop: async () => {
      watch.stop()
      await retire.stop()
    },
    ready: async (signal) => {
      const looked = await store
        .transaction((tables) => tables.projects.byName('default'), signal)
        .then(
          () => 'ok' as const,
          () => 'away' as const,
        )
      return [
        { name: 'database', state: looked },
        { name: 'bus', state: await bus.health(signal) },
      ]
    },
  }
}
