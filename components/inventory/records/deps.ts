import type { AgentCredentials, Bus, Clock, EventSink, InventoryStore, Presence, Random } from '@outrider/domain/ports'
import type { InventoryConfig } from '../config.ts'

/** Where nodes and clients reach this deployment, as its certificate names it. */
export interface PublicEndpoints {
  /** Origin of the northbound API, e.g. `https://orchestrator.example:8443`. */
  readonly url: string
  /** RPS WebSocket, e.g. `wss://orchestrator.example:8443/activate`. */
  readonly rpsUrl: string
  /** Origin of the agents' gRPC service. */
  readonly grpcUrl: string
  /** OAuth 2.0 token endpoint. */
  readonly tokenUrl: string
  /** `host:port` the firmware dials. */
  readonly ciraAddress: string
}

export interface InventoryDeps {
  readonly store: InventoryStore
  readonly bus: Bus
  readonly clock: Clock
  readonly random: Random
  readonly events: EventSink
  readonly agentCredentials: AgentCredentials
  readonly presence: Pick<Presence, 'get'>
  /** Asked each time: ports may be known only once the process listens. */
  readonly publicEndpoints: () => PublicEndpoints
  /** The CA a node verifies all of the endpoints with: one or more PEM certificates. */
  readonly caPem: string
  readonly config?: Partial<InventoryConfig>
}

/** What the parts of the component share. */
export type InventoryParts = Omit<InventoryDeps, 'config'> & { readonly config: InventoryConfig }
