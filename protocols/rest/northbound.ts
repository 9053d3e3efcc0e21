import { type FaultRecord, faultStatus } from '../values/index.ts'

/** Header of answers that names the operations a request started, refused ones included. */
export const OPERATION_HEADER = 'outrider-operation'

const GRPC_NAMES: Readonly<Record<number, string>> = {
  3: 'InvalidArgument',
  4: 'DeadlineExceeded',
  5: 'NotFound',
  7: 'PermissionDenied',
  9: 'FailedPrecondition',
  13: 'Internal',
  14: 'Unavailable',
  16: 'Unauthenticated',
}

/**
 * An error as northbound clients know it: `{code, message, details}` with the gRPC code's name
 * (reference/emf-code.md 3.1); ours is the one detail.
 */
export const northboundError = (fault: FaultRecord) => ({
  code: GRPC_NAMES[faultStatus[fault.kind].grpc] ?? 'Unknown',
  message: fault.message,
  details: [{ '@type': 'outrider.dev/Fault', ...fault }],
})
