import { type Static, Type } from 'typebox'

export const issuerConfig = Type.Object(
  {
    accessTokenSeconds: Type.Integer({
      default: 3600,
      minimum: 60,
      description: 'How long an access token is good. Agents renew theirs ten minutes before the end.',
    }),
    refreshTokenSeconds: Type.Integer({
      default: 30 * 24 * 3600,
      minimum: 600,
      description: 'How long a login lasts without being used.',
    }),
    lockAfterFailures: Type.Integer({
      default: 5,
      minimum: 1,
      description: 'Wrong passwords in a row after which an account is locked for a while.',
    }),
    lockSeconds: Type.Integer({ default: 60, minimum: 1, description: 'How long a locked account stays locked.' }),
  },
  { additionalProperties: false },
)

export type IssuerConfig = Static<typeof issuerConfig>
