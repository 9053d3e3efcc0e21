import type { RequestContext } from '@outrider/domain/identity'
import { route } from '@outrider/protocols/rest'
import { seconds, secret, toBase64, utf8 } from '@outrider/protocols/values'
import { Type } from 'typebox'
import { isoTime } from '../northbound/host-json.ts'
import type { InventoryParts } from '../records/deps.ts'
import type { Enrolment } from '../records/enrolment.ts'
import { projectOf, requesterOf } from './context.ts'

const MONTH_SECONDS = 30 * 24 * 3600

export const enrolmentRoutes = (parts: InventoryParts, enrolment: Enrolment) => {
  const agentEnv = route<RequestContext>()({
    method: 'POST',
    path: '/v1/projects/:project/compute/hosts/:id/agent-env',
    audit: { act: 'generate-agent-env', byHandler: true },
    about: 'Makes a one-time enrolment token for a host and answers the environment its agents start with.',
    permission: 'operate',
    scope: 'path',
    origin: 'ours',
    params: Type.Object({ project: Type.String(), id: Type.String() }),
    body: Type.Optional(
      Type.Object(
        { expiresInSeconds: Type.Optional(Type.Integer({ minimum: 60, maximum: MONTH_SECONDS })) },
        { additionalProperties: false },
      ),
    ),
    handle: async ({ params, body, context, from, signal }) => {
      const project = projectOf(context)
      const span = body?.expiresInSeconds === undefined ? parts.config.enrolmentTokenMs : seconds(body.expiresInSeconds)
      const { token, host, expiresAt } = await enrolment.issue(
        project,
        params.id,
        span,
        requesterOf(context, from),
        signal,
      )
      const endpoints = parts.publicEndpoints()
      return {
        status: 201,
        headers: { 'cache-control': 'no-store' },
        body: {
          hostId: host.id,
          expiresAt: isoTime(expiresAt),
          environment: {
            OUTRIDER_URL: endpoints.url,
            OUTRIDER_RPS_URL: endpoints.rpsUrl,
            OUTRIDER_GRPC_URL: endpoints.grpcUrl,
            OUTRIDER_TOKEN_URL: endpoints.tokenUrl,
            OUTRIDER_CIRA_ADDRESS: endpoints.ciraAddress,
            OUTRIDER_PROJECT: project,
            OUTRIDER_HOST_ID: host.id,
            OUTRIDER_CA: toBase64(utf8(parts.caPem)),
            OUTRIDER_ENROLMENT_TOKEN: token.reveal(),
          },
        },
      }
    },
  })

  const enrol = route<RequestContext>()({
    method: 'POST',
    path: '/v1/enrolment',
    about: 'Exchanges an enrolment token, with the serial number and UUID of the machine, for its agents’ credentials.',
    permission: 'public',
    scope: 'none',
    origin: 'ours',
    body: Type.Object(
      {
        token: Type.String({ minLength: 1, maxLength: 200 }),
        serial: Type.String({ maxLength: 128 }),
        uuid: Type.String({ maxLength: 64 }),
      },
      { additionalProperties: false },
    ),
    handle: async ({ body, from, signal }) => {
      const { token, serial, uuid } = body
      const enrolled = await enrolment.exchange(secret(token), { serial, uuid }, from, signal)
      return {
        status: 200,
        headers: { 'cache-control': 'no-store' },
        body: {
          clientId: enrolled.clientId,
          clientSecret: enrolled.clientSecret.reveal(),
          projectId: enrolled.project,
          hostId: enrolled.hostId,
          tokenUrl: parts.publicEndpoints().tokenUrl,
        },
      }
    },
  })

  return [agentEnv, enrol]
}
