import { type Static, Type } from 'typebox'

/** Environment of the Platform Manageability Agent. */
export const manageabilityAgentConfig = Type.Object({
  OUTRIDER_URL: Type.String({ description: 'Origin of the orchestrator: dm-manager speaks gRPC there' }),
  OUTRIDER_RPS_URL: Type.String({ description: 'WebSocket of RPS, e.g. wss://outrider.example:8443/activate' }),
  OUTRIDER_CA: Type.Optional(
    Type.String({ description: 'CA certificates that the orchestrator is verified with: PEM in base64, one line' }),
  ),
  OUTRIDER_STATE_DIR: Type.String({
    default: '/etc/intel_edge_node',
    description: 'Where tokens/ and the last order are kept',
  }),
  OUTRIDER_DMI_DIR: Type.String({
    default: '/sys/class/dmi/id',
    description: 'Where product_serial and product_uuid are read',
  }),
  OUTRIDER_DETECT_SECONDS: Type.Integer({
    default: 300,
    minimum: 5,
    description: 'Seconds between two detections, a quarter earlier or later by chance',
  }),
  OUTRIDER_POLL_SECONDS: Type.Integer({
    default: 10,
    minimum: 1,
    description: 'Seconds between two polls of a dm-manager that has no order stream',
  }),
})

export type ManageabilityAgentConfig = Static<typeof manageabilityAgentConfig>
