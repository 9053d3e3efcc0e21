/** What the methods of CIM's services answer: state changes and power (reference/amt-firmware.md 7.2). */
export const STATE_CHANGE = {
  0: 'COMPLETED_WITH_NO_ERROR',
  1: 'NOT_SUPPORTED',
  2: 'UNKNOWN_OR_UNSPECIFIED_ERROR',
  3: 'CANNOT_COMPLETE_WITHIN_TIMEOUT_PERIOD',
  4: 'FAILED',
  5: 'INVALID_PARAMETER',
  6: 'IN_USE',
  4096: 'METHOD_PARAMETERS_CHECKED_JOB_STARTED',
  4097: 'INVALID_STATE_TRANSITION',
  4098: 'USE_OF_TIMEOUT_PARAMETER_NOT_SUPPORTED',
  4099: 'BUSY',
} as const

/** ChangeBootOrder and SetBootConfigRole (reference/amt-firmware.md 7.2). */
export const BOOT_CHANGE = {
  0: 'COMPLETED_WITH_NO_ERROR',
  1: 'NOT_SUPPORTED',
  2: 'UNKNOWN_OR_UNSPECIFIED_ERROR',
  3: 'BUSY',
  4: 'INVALID_REFERENCE',
  5: 'INVALID_PARAMETER',
  6: 'ACCESS_DENIED',
} as const

/** IPS_HostBasedSetupService Setup, AdminSetup and UpgradeClientToAdmin (reference/amt-firmware.md 7.2). */
export const HOST_BASED_SETUP = {
  0: 'SUCCESS',
  1: 'INTERNAL_ERROR',
  2: 'INVALID_STATE',
  3: 'INVALID_PARAMETER',
  4: 'METHOD_DISABLED',
  5: 'AUTHENTICATION_FAILED',
  6: 'FLASH_WRITE_LIMIT_EXCEEDED',
} as const

/** IPS_HostBasedSetupService AddNextCertInChain (reference/amt-firmware.md 7.2). */
export const CERTIFICATE_CHAIN = {
  0: 'SUCCESS',
  1: 'INVALID_PARAMETER',
  2: 'INTERNAL_ERROR',
  3: 'INVALID_STATE',
  4: 'CERTIFICATE_VERIFICATION_FAILED',
  5: 'CHAIN_LENGTH_EXCEEDED',
} as const

/** The methods of IPS_OptInService (reference/amt-firmware.md 7.2). */
export const OPT_IN = {
  0: 'SUCCESS',
  1: 'INTERNAL_ERROR',
  2: 'INVALID_STATE',
  3: 'BLOCKED',
  4: 'FAILED_FFS',
} as const
