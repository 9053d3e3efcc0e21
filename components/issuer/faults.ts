import { faultTable } from '@outrider/protocols/values'

export const faults = faultTable({
  ISSUER_KEYS_MISSING: {
    kind: 'conflict',
    message: 'Accounts exist, but the keys their tokens are signed with are not in the secret store.',
    remedy: 'Put back the secret store that belongs to this database. New keys are never made silently.',
  },
  ISSUER_KEYS_UNREADABLE: {
    kind: 'conflict',
    message: 'The signing keys in the secret store are not keys.',
    remedy: 'Put back the secret store from a backup. New keys are never made silently.',
  },
  ACCOUNT_NAME_TAKEN: {
    kind: 'conflict',
    message: 'There is an account named {name} already.',
    remedy: 'Choose another name.',
  },
  ACCOUNT_NOT_FOUND: {
    kind: 'missing',
    message: 'There is no account named {name}.',
    remedy: 'Check the name.',
  },
  LOGIN_WRONG: {
    kind: 'auth',
    message: 'User name or password is wrong.',
    remedy: 'Check both. The password of admin is where the service says at its start.',
  },
  LOGIN_LOCKED: {
    kind: 'auth',
    message: 'The account is locked for another {seconds} seconds after too many failed logins.',
    remedy: 'Wait, and check the password before the next try.',
  },
  LOGINS_BUSY: {
    kind: 'unavailable',
    message: 'Too many logins are under way.',
    remedy: 'Try again in a moment.',
  },
  PASSWORD_TOO_SHORT: {
    kind: 'invalid',
    message: 'The password is shorter than {shortest} characters.',
    remedy: 'Choose a longer password.',
  },
})
