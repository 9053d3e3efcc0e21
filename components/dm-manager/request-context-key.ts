import { createContextKey } from '@connectrpc/connect'
import type { RequestContext } from '@outrider/domain/identity'

/** Under which the gRPC surface leaves what it has proved about a call. */
export const requestContextKey = createContextKey<RequestContext | undefined>(undefined, {
  description: 'who is calling, as proved by the surface',
})
