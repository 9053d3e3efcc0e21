import { faultTable } from '@outrider/protocols/values'

export const faults = faultTable({
  TOKEN_MISSING: {
    kind: 'auth',
    message: 'The request carries no access token.',
    remedy: 'Log in with `orch-cli login`, or send the header `Authorization: Bearer <token>`.',
  },
  PERMISSION_DENIED: {
    kind: 'denied',
    message: 'This takes the permission to {permission}, which the caller does not have here.',
    remedy: 'Ask whoever administers the project for a role that has it.',
  },
  ROUTE_NOT_FOUND: {
    kind: 'missing',
    message: 'Nothing is served at {method} {path}.',
    remedy: 'Check the address against the reference of this version.',
  },
  REQUEST_INVALID: {
    kind: 'invalid',
    message: 'The field {field} in the {where} {why}.',
    remedy: 'Correct that field and send the request again.',
  },
  BODY_MALFORMED: {
    kind: 'invalid',
    message: 'The body is not JSON.',
    remedy: 'Send JSON with `content-type: application/json`.',
  },
  BODY_TOO_LARGE: {
    kind: 'invalid',
    message: 'The body is larger than {limit} bytes.',
    remedy: 'Send less in one request.',
  },
  CONTENT_TYPE_UNSUPPORTED: {
    kind: 'invalid',
    message: 'Bodies of this content type are not read here.',
    remedy: 'Send JSON with `content-type: application/json`.',
  },
  SERVICE_STOPPING: {
    kind: 'unavailable',
    message: 'The service is stopping.',
    remedy: 'Send the request again in a moment.',
  },
  REQUEST_TIMEOUT: {
    kind: 'timeout',
    message: 'The request was not answered within {seconds} seconds.',
    remedy: 'Look whether it took effect before sending it again.',
  },
  ROUTE_WITHOUT_PERMISSION: {
    kind: 'bug',
    message: 'The route {method} {path} does not say who may use it.',
    remedy: 'Give the row of the route table its permission and scope.',
  },
  ROUTE_TWICE: {
    kind: 'bug',
    message: 'The route {method} {path} is declared twice.',
    remedy: 'Remove one of the two rows of the route table.',
  },
  ADDRESS_IN_USE: {
    kind: 'conflict',
    message: 'Another program listens on {address}.',
    remedy: 'Stop it, or choose another address with {setting}.',
  },
  ADDRESS_REFUSED: {
    kind: 'conflict',
    message: 'This machine does not let us listen on {address}.',
    remedy: 'Choose an address of this machine and a port this user may use, with {setting}.',
  },
})
