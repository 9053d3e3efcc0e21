import { faultTable } from '@outrider/protocols/values'

/** What goes wrong before or beside the orchestrator's own answer. */
export const faults = faultTable({
  CLI_USAGE: {
    kind: 'invalid',
    message: '{why}',
    remedy: 'See: {help}',
  },
  CLI_NOT_LOGGED_IN: {
    kind: 'auth',
    message: 'You are not logged in to {endpoint}.',
    remedy: 'Log in: orch-cli login',
  },
  CLI_LOGIN_EXPIRED: {
    kind: 'auth',
    message: 'Your login at {endpoint} has ended: {why}.',
    remedy: 'Log in again: orch-cli login',
  },
  CLI_LOGIN_REFUSED: {
    kind: 'auth',
    message: 'The login was refused: {why}.',
    remedy: 'Check user name and password. The password of admin is where npm start says it is.',
  },
  CLI_NO_PASSWORD: {
    kind: 'invalid',
    message: 'There is no terminal to ask for the password on.',
    remedy: 'Give it in a file: orch-cli login USER --password-file FILE (- reads it from the standard input).',
  },
  CLI_NO_CERT_PASSWORD: {
    kind: 'invalid',
    message: 'There is no terminal to ask for the password of the certificate on.',
    remedy: 'Give it in a file: --cert-pass-file FILE (- reads it from the standard input).',
  },
  CLI_PROJECT_UNKNOWN: {
    kind: 'missing',
    message: 'You have no role in a project {project}.',
    remedy: 'See which there are with: orch-cli list projects',
  },
  CLI_FILE_UNREADABLE: {
    kind: 'invalid',
    message: 'The file {file} cannot be read: {why}.',
    remedy: 'Check its name and its permissions.',
  },
  CLI_FILE_UNWRITABLE: {
    kind: 'invalid',
    message: 'The file {file} cannot be written: {why}.',
    remedy: 'Check the folder and its permissions, or choose another with --out.',
  },
  CLI_CONFIG_INVALID: {
    kind: 'invalid',
    message: 'The configuration {file} cannot be read: {why}.',
    remedy: 'Mend it, or delete it and log in again.',
  },
  CLI_CONFIG_BUSY: {
    kind: 'unavailable',
    message: 'Another orch-cli has held {file} for {seconds} seconds.',
    remedy: 'Try again. Delete the file where no orch-cli runs.',
  },
  CLI_ENDPOINT_INVALID: {
    kind: 'invalid',
    message: '{endpoint} is no address orch-cli can use: {why}.',
    remedy: 'Give the origin of the orchestrator, e.g. --api-endpoint https://localhost:8443',
  },
  CLI_UNREACHABLE: {
    kind: 'unavailable',
    message: 'The orchestrator at {endpoint} does not answer: {why}.',
    remedy: 'See that it runs and that --api-endpoint is right.',
  },
  CLI_UNTRUSTED: {
    kind: 'auth',
    message: 'The certificate of {endpoint} could not be verified: {why}.',
    remedy: 'Give the CA file that npm start names: orch-cli login --ca FILE',
  },
  CLI_NO_ANSWER: {
    kind: 'timeout',
    message: '{endpoint} gave no answer within {seconds} seconds.',
    remedy: 'Look what became of the request before you repeat it: orch-cli list operations',
  },
  CLI_ANSWER_UNREADABLE: {
    kind: 'protocol',
    message: '{endpoint} answered {status} with something that is not what an orchestrator says.',
    remedy: 'See that --api-endpoint is the address of an orchestrator of this version.',
  },
  CLI_WAIT_OVER: {
    kind: 'timeout',
    message: 'Operation {operation} has not ended after {seconds} seconds; it goes on.',
    remedy: 'Look again: orch-cli get operation {operation} --wait',
  },
  CLI_NOT_RETIRED: {
    kind: 'timeout',
    message: 'The machine of {host} is deactivated, but its record has not followed yet.',
    remedy: 'Look again: orch-cli get host {host}; ask for the same once more if it stays.',
  },
  CLI_OPERATION_CANCELLED: {
    kind: 'conflict',
    message: 'Operation {operation} was cancelled before it began.',
    remedy: 'Ask for it again if it is still wanted.',
  },
  CLI_CONFIG_KEY: {
    kind: 'missing',
    message: 'The configuration has no {key}.',
    remedy: 'Set it: orch-cli config set {key} VALUE',
  },
})
