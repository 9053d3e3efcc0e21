import { faultTable } from '@outrider/protocols/values'

export const faults = faultTable({
  TOKEN_REFUSED: {
    kind: 'auth',
    message: 'The access token was refused: {reason}.',
    remedy: 'Log in again, or give the program a token of this deployment.',
  },
  ISSUER_UNAVAILABLE: {
    kind: 'unavailable',
    message: 'The keys of the token issuer cannot be read now.',
    remedy: 'Check that the issuer at {issuer} answers, then try again.',
  },
})
