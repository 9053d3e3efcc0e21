import type { Fault } from '@outrider/protocols/values'

/**
 * Why a CIRA connection ended; also the label it is counted under.
 *
 * - `closed`          this side ended it
 * - `disconnected`    the peer said DISCONNECT
 * - `lost`            the connection ended or broke without a word
 * - `idle`            nothing came for too long
 * - `protocol`        the peer broke the protocol
 * - `not-reading`     the peer takes nothing of what it is sent
 * - `unresponsive`    the peer leaves requests for channels unanswered
 * - `failed`          something of ours failed while it handled the peer's message
 *
 * and, before there is a tunnel:
 *
 * - `deadline`        it was not authenticated in time
 * - `too-many-bytes`  it sent more than any device has to say at that point
 * - `credentials`     wrong user or password, as often as that is permitted
 * - `unknown-device`  nobody has registered this device
 * - `unavailable`     the credentials could not be looked up
 * - `visitor`         a browser or probe asked for a page
 */
export type CloseWhy =
  | 'closed'
  | 'disconnected'
  | 'lost'
  | 'idle'
  | 'protocol'
  | 'not-reading'
  | 'unresponsive'
  | 'failed'
  | 'deadline'
  | 'too-many-bytes'
  | 'credentials'
  | 'unknown-device'
  | 'unavailable'
  | 'visitor'

export interface CloseReason {
  readonly why: CloseWhy
  /** The `DisconnectReason` of the DISCONNECT that was sent or received. */
  readonly disconnect?: number
  /** What exactly went wrong, where something did. */
  readonly fault?: Fault
}
