import type { Fault } from '@outrider/protocols/values'

/** Exit codes of the field that this RPC uses, with the names scripts look for (reference/rpc.md 11). */
export const exitCodes = {
  Success: 0,
  IncorrectPermissions: 1,
  HECIDriverNotDetected: 2,
  AmtNotReady: 4,
  GenericFailure: 10,
  MissingOrIncorrectURL: 20,
  MissingOrIncorrectProfile: 21,
  // The spelling is the field's.
  ServerCerificateVerificationFailed: 22,
  MissingOrIncorrectPassword: 23,
  IncorrectCommandLineParameters: 28,
  InvalidParameterCombination: 33,
  FailedReadingConfiguration: 34,
  InvalidUUID: 37,
  RPSAuthenticationFailed: 70,
  AMTConnectionFailed: 71,
  AMTAuthenticationFailed: 100,
  UnableToDeactivate: 109,
  DeactivationFailed: 110,
  UnableToActivate: 111,
} as const

export type ExitName = keyof typeof exitCodes

const byFault: Readonly<Record<string, ExitName>> = {
  RPC_USAGE: 'IncorrectCommandLineParameters',
  RPC_COMBINATION: 'InvalidParameterCombination',
  RPC_NOT_BUILT: 'InvalidParameterCombination',
  RPC_NO_URL: 'MissingOrIncorrectURL',
  RPC_NO_PROFILE: 'MissingOrIncorrectProfile',
  RPC_NO_PASSWORD: 'MissingOrIncorrectPassword',
  RPC_PASSWORD_FILE: 'FailedReadingConfiguration',
  RPC_CA_FILE: 'FailedReadingConfiguration',
  RPC_BAD_UUID: 'InvalidUUID',
  AMT_DISABLED_IN_BIOS: 'UnableToActivate',
  RPS_CERTIFICATE_REFUSED: 'ServerCerificateVerificationFailed',
  RPS_UNAUTHORIZED: 'RPSAuthenticationFailed',
  RPS_NOT_WEBSOCKET: 'MissingOrIncorrectURL',
  AMT_REFUSED_PASSWORD: 'AMTAuthenticationFailed',
  DEVICE_NOT_ACTIVATED: 'UnableToDeactivate',
  AMT_WRONG_PASSWORD: 'AMTAuthenticationFailed',
  AMT_NOT_DEACTIVATED: 'UnableToDeactivate',
  AMT_STILL_ACTIVATED: 'DeactivationFailed',
  MEI_NO_PERMISSION: 'IncorrectPermissions',
  MEI_NO_DRIVER: 'HECIDriverNotDetected',
  MEI_NO_CLIENT: 'HECIDriverNotDetected',
  MEI_BUSY: 'HECIDriverNotDetected',
  MEI_RESET: 'HECIDriverNotDetected',
  MEI_NO_ANSWER: 'HECIDriverNotDetected',
  AMTHI_REFUSED: 'AmtNotReady',
  AMT_LOCAL_PORT_CLOSED: 'AMTConnectionFailed',
  LME_NO_ANSWER: 'AMTConnectionFailed',
  LME_OPEN_REFUSED: 'AMTConnectionFailed',
  LME_DISCONNECTED: 'AMTConnectionFailed',
  LMS_NOT_READY: 'AMTConnectionFailed',
}

/** The exit code of a fault by its code, and its name; everything else is a generic failure. */
export const exitOf = (fault: Fault): { readonly code: number; readonly name: ExitName } => {
  const name = byFault[fault.code] ?? 'GenericFailure'
  return { code: exitCodes[name], name }
}

/** The line a failure ends with: `Error 23: MissingOrIncorrectPassword - Details: …`; a generic one is its text. */
export const failureLine = (fault: Fault): string => {
  const { code, name } = exitOf(fault)
  return name === 'GenericFailure' ? fault.message : `Error ${code}: ${name} - Details: ${fault.message}`
}
