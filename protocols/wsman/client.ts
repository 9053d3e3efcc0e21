import type { AnyCimClass, EndpointReference, InputOf, InstanceOf, MethodOf, OutputOf, Selectors } from './cim.ts'

/**
 * WS-MAN of one device, as whoever drives it sees it. `sessions/wsman` implements it over a live connection;
 * `domain/` is handed one and knows no more.
 *
 * Every call throws: `WSMAN_UNAUTHORIZED` (digest refused), `WSMAN_FAULT` (SOAP fault; detail has `subcode`
 * and `reason`), `WSMAN_NOT_FOUND` (no such class or instance), `WSMAN_NO_REPLY` (deadline, or the device ended the
 * connection instead of answering: look before asking again), `WSMAN_MALFORMED` (the answer is not WS-MAN),
 * `WSMAN_UNWRITABLE` (a text no XML can carry), and what the way to the device ends with (`DEVICE_DISCONNECTED` on a
 * tunnel). Only calls that read are ever sent twice, and those the device provably did not carry out.
 */
export interface Wsman {
  /** One instance; `{}` where the class has but one. */
  get<C extends AnyCimClass>(cls: C, selectors: Selectors, signal: AbortSignal): Promise<InstanceOf<C>>
  /** Replaces an instance by this one (as read and changed) and returns what the device now has. */
  put<C extends AnyCimClass>(
    cls: C,
    instance: InstanceOf<C>,
    selectors: Selectors,
    signal: AbortSignal,
  ): Promise<InstanceOf<C>>
  create<C extends AnyCimClass>(cls: C, instance: InstanceOf<C>, signal: AbortSignal): Promise<EndpointReference>
  delete<C extends AnyCimClass>(cls: C, selectors: Selectors, signal: AbortSignal): Promise<void>
  /** All instances, every page pulled. */
  enumerate<C extends AnyCimClass>(cls: C, signal: AbortSignal): Promise<readonly InstanceOf<C>[]>
  /**
   * Calls a method. Throws `AMT_REFUSED` (kind `device`; detail has `method`, `returnValue` and `status`, the
   * PT_STATUS name) where the return value is not 0.
   */
  invoke<C extends AnyCimClass, N extends MethodOf<C>>(
    cls: C,
    method: N,
    input: InputOf<C, N>,
    signal: AbortSignal,
  ): Promise<OutputOf<C, N>>
}
