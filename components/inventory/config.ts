import { minutes } from '@outrider/protocols/values'
import { type Static, Type } from 'typebox'

/** What an operator may set of inventory. */
export const inventoryConfig = Type.Object(
  {
    activationDeadlineMs: Type.Integer({
      default: minutes(30),
      minimum: 1000,
      description: 'How long an activation may take, recoveries included, in milliseconds.',
    }),
    registrationDeadlineMs: Type.Integer({
      default: minutes(60 * 24 * 30),
      minimum: 1000,
      description: 'How long an activation asked for at registration waits for its machine, in milliseconds.',
    }),
    deactivationDeadlineMs: Type.Integer({
      default: minutes(15),
      minimum: 1000,
      description: 'How long a deactivation may take, in milliseconds.',
    }),
    powerDeadlineMs: Type.Integer({
      default: minutes(5),
      minimum: 1000,
      description: 'How long a power operation may take, in milliseconds.',
    }),
    pendingPerHost: Type.Integer({
      default: 20,
      minimum: 1,
      description: 'How many operations of one host may be queued or running.',
    }),
    enrolmentTokenMs: Type.Integer({
      default: minutes(60 * 24),
      minimum: 1000,
      description: 'How long an enrolment token is good where the request does not say, in milliseconds.',
    }),
    enrolmentRetryMs: Type.Integer({
      default: minutes(10),
      minimum: 0,
      description: 'How long the machine that used a token may repeat the exchange, in milliseconds.',
    }),
  },
  { additionalProperties: false },
)

export type InventoryConfig = Static<typeof inventoryConfig>

export const inventoryDefaults: InventoryConfig = {
  activationDeadlineMs: minutes(30),
  registrationDeadlineMs: minutes(60 * 24 * 30),
  deactivationDeadlineMs: minutes(15),
  powerDeadlineMs: minutes(5),
  pendingPerHost: 20,
  enrolmentTokenMs: minutes(60 * 24),
  enrolmentRetryMs: minutes(10),
}
