import { type Static, Type } from 'typebox'

/** Environment of the node agent; the environment file of `orch-cli generate agent-env` has the first five. */
export const nodeAgentConfig = Type.Object({
  OUTRIDER_URL: Type.String({ description: 'Origin of the orchestrator, e.g. https://outrider.example:8443' }),
  OUTRIDER_TOKEN_URL: Type.String({ description: 'Token endpoint of the issuer' }),
  OUTRIDER_CA: Type.Optional(
    Type.String({
      description:
        'CA certificates that the orchestrator is verified with: PEM in base64, one line. Absent: those of the system',
    }),
  ),
  OUTRIDER_ENROLMENT_TOKEN: Type.Optional(
    Type.String({ description: "One-time token that is exchanged for this node's credentials" }),
  ),
  OUTRIDER_TOKEN_CLIENTS: Type.String({
    default: 'node-agent,platform-manageability-agent',
    description: 'Agents that get a token file of their own, in this order',
  }),
  OUTRIDER_STATE_DIR: Type.String({
    default: '/etc/intel_edge_node',
    description: 'Where client-credentials/ and tokens/ are kept',
  }),
  OUTRIDER_DMI_DIR: Type.String({
    default: '/sys/class/dmi/id',
    description: 'Where product_serial and product_uuid of this machine are read',
  }),
})

export type NodeAgentConfig = Static<typeof nodeAgentConfig>
