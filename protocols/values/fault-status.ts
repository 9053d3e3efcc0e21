import type { FaultKind } from './fault.ts'

/** What a fault's kind means on each surface: the one table (architecture 7). */
export interface FaultStatus {
  readonly http: number
  /** Number of the gRPC status code. */
  readonly grpc: number
  /** Exit code of orch-cli. */
  readonly exit: number
  /** Whether the same request may succeed later without anybody changing anything. */
  readonly transient: boolean
}

export const faultStatus: Readonly<Record<FaultKind, FaultStatus>> = {
  invalid: { http: 400, grpc: 3, exit: 2, transient: false },
  missing: { http: 404, grpc: 5, exit: 3, transient: false },
  auth: { http: 401, grpc: 16, exit: 4, transient: false },
  denied: { http: 403, grpc: 7, exit: 5, transient: false },
  conflict: { http: 409, grpc: 9, exit: 6, transient: false },
  device: { http: 409, grpc: 9, exit: 7, transient: false },
  unavailable: { http: 503, grpc: 14, exit: 8, transient: true },
  timeout: { http: 504, grpc: 4, exit: 9, transient: true },
  protocol: { http: 502, grpc: 13, exit: 10, transient: true },
  bug: { http: 500, grpc: 13, exit: 70, transient: false },
}
