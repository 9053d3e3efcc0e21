import { Fault, faultStatus } from '@outrider/protocols/values'

/** What a failed call says about the device, by its fault code alone (protocols/wsman, `Wsman`). */

/** The name of the return value with which a method was refused; `undefined` where the error is another. */
export const refusal = (error: unknown): string | undefined =>
  error instanceof Fault && error.code === 'AMT_REFUSED' ? String(error.detail.status) : undefined

export const isUnauthorized = (error: unknown): boolean => error instanceof Fault && error.code === 'WSMAN_UNAUTHORIZED'

/** The firmware does not have this class or instance, or not this way of using it. */
export const isLacking = (error: unknown): boolean =>
  error instanceof Fault && (error.code === 'WSMAN_NOT_FOUND' || error.code === 'WSMAN_FAULT')

/** Whether the device did it or not cannot be told from this: look. */
export const isAmbiguous = (error: unknown): boolean => error instanceof Fault && faultStatus[error.kind].transient

/** The value, or `undefined` where the firmware lacks it. */
export const orLacking = async <T>(call: Promise<T>): Promise<T | undefined> => {
  try {
    return await call
  } catch (error) {
    if (isLacking(error)) return undefined
    throw error
  }
}
