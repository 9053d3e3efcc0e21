import { type Bytes, Fault } from '@outrider/protocols/values'
import { type HttpResponse, HttpResponseReader } from '@outrider/protocols/wsman'
import { type HttpExchange, NoAnswer } from '@outrider/sessions/wsman'
import { rpsFaults } from '../faults.ts'

interface Waiting {
  readonly isAnswer: (response: HttpResponse) => boolean
  resolve(response: HttpResponse): void
  reject(reason: unknown): void
}

/**
 * WS-MAN by way of the provisioning client: a request goes out as one message, and the next `response` that can
 * belong to it is its answer. One that comes late, to a request that was given up, is passed over by its
 * `RelatesTo`, never taken for another's.
 */
export class RelayExchange implements HttpExchange {
  readonly #send: (request: Bytes) => void
  #waiting: Waiting | undefined
  #ended: Fault | undefined
  /** Requests that were given up and whose answers may still come. A challenge does not say whose it is. */
  #owed = 0
  /** Whether an answer was passed over while the present request waits: it may have been this one's. */
  #passedOver = false

  constructor(send: (request: Bytes) => void) {
    this.#send = send
  }

  send(request: Bytes, isAnswer: (response: HttpResponse) => boolean, signal: AbortSignal): Promise<HttpResponse> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended)
    if (signal.aborted) return Promise.reject(signal.reason)
    if (this.#waiting !== undefined) return Promise.reject(new TypeError('a relay carries one request at a time'))
    return new Promise<HttpResponse>((resolve, reject) => {
      const settle = (): void => {
        this.#waiting = undefined
        signal.removeEventListener('abort', onAbort)
      }
      const onAbort = (): void => {
        settle()
        if (!this.#passedOver) this.#owed++
        reject(signal.reason)
      }
      signal.addEventListener('abort', onAbort)
      this.#passedOver = false
      this.#waiting = {
        isAnswer,
        resolve: (response) => {
          settle()
          resolve(response)
        },
        reject: (reason) => {
          settle()
          reject(reason)
        },
      }
      this.#send(request)
    })
  }

  /** The device's HTTP response to what was sent last, as the client relayed it. */
  answered(payload: Bytes): void {
    const waiting = this.#waiting
    if (waiting === undefined) {
      this.#owed = Math.max(0, this.#owed - 1)
      return
    }
    try {
      const response = wholeResponse(payload)
      if (this.#owed > 0 && (response.status === 401 || !waiting.isAnswer(response))) {
        this.#owed--
        this.#passedOver = true
      } else if (waiting.isAnswer(response)) waiting.resolve(response)
    } catch (error) {
      waiting.reject(error)
    }
  }

  /** The client lost its connection to the device, so that what was asked has no answer. */
  lost(reason: string): void {
    this.#waiting?.reject(new NoAnswer(false, rpsFaults.RPC_LOST_DEVICE({ reason })))
  }

  /** The client is gone: nothing that waits waits any longer. */
  end(fault: Fault): void {
    if (this.#ended !== undefined) return
    this.#ended = fault
    this.#waiting?.reject(fault)
  }

  discard(): void {
    // Each message stands alone: nothing is left of the answer before.
  }

  close(): void {
    this.end(rpsFaults.RPC_GONE())
  }
}

/** Throws the wire's faults where the payload is not one whole response, and `NoAnswer` where it is cut. */
const wholeResponse = (payload: Bytes): HttpResponse => {
  const reader = new HttpResponseReader()
  reader.push(payload)
  const response = reader.next() ?? endOf(reader)
  if (response === undefined) throw new NoAnswer(false, rpsFaults.RPC_LOST_DEVICE({ reason: 'half an answer' }))
  return response
}

/** A body without a length ends where the connection did. */
const endOf = (reader: HttpResponseReader): HttpResponse | undefined => {
  try {
    return reader.end()
  } catch (error) {
    throw new NoAnswer(false, Fault.from(error))
  }
}
