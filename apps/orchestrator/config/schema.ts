import { type Static, Type } from 'typebox'

const HOST_NAME =
  '^([A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)(\\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*$|^[0-9a-fA-F:]+$'

/** What may be set from outside, by an environment variable `OUTRIDER_…` per field. */
export const orchestratorConfig = Type.Object(
  {
    data: Type.String({
      default: './.outrider',
      minLength: 1,
      description: 'Folder of the database, the sealed secrets, the CA certificate and the admin password.',
    }),
    listen: Type.Array(Type.String({ minLength: 1 }), {
      default: ['127.0.0.1:8443'],
      minItems: 1,
      description:
        'Where REST, gRPC and WebSockets are served: `host:port`, comma separated; `http://127.0.0.1:port` is plain HTTP, on loopback only.',
    }),
    ciraListen: Type.Array(Type.String({ minLength: 1 }), {
      default: ['127.0.0.1:4433'],
      minItems: 1,
      description: 'Where devices dial in: `host:port`, comma separated.',
    }),
    ciraKey: Type.Union([Type.Literal('rsa-2048'), Type.Literal('rsa-3072')], {
      default: 'rsa-2048',
      description:
        'Key of the certificate devices are shown. `rsa-3072` is for machines of AMT 22 and newer, which refuse less; each connect then costs twice as much.',
    }),
    publicHost: Type.String({
      default: 'localhost',
      pattern: HOST_NAME,
      maxLength: 253,
      description: 'Name or address by which nodes and devices reach this machine; in certificates and agent files.',
    }),
    adminPassword: Type.Optional(
      Type.String({
        minLength: 8,
        description: 'Password of the account `admin` from now on. Made up at the first start where it is not set.',
      }),
    ),
    rpsOpen: Type.Boolean({
      default: false,
      description: 'Legacy: RPS admits plain profile names without a ticket, into the default project.',
    }),
    dmManager: Type.Optional(
      Type.Union([Type.Literal('embedded'), Type.Literal('external')], {
        description:
          'Who drives what is asked of hosts: `embedded` (where nothing is set), or `external` for a device manager of its own, which this process then does not start.',
      }),
    ),
    logLevel: Type.Union([Type.Literal('debug'), Type.Literal('info'), Type.Literal('warn'), Type.Literal('error')], {
      default: 'info',
      description: 'The least important events that are logged.',
    }),
    activationSeconds: Type.Integer({
      default: 1800,
      minimum: 5,
      description: 'How long an activation may take, its recoveries included.',
    }),
    graceSeconds: Type.Integer({
      default: 20,
      minimum: 1,
      maximum: 600,
      description: 'How long stopping may take.',
    }),
  },
  { additionalProperties: false },
)

export type OrchestratorConfig = Static<typeof orchestratorConfig>
