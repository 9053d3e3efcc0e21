import type { Bytes } from '../../values/index.ts'

/** Header fields in the order they came; names in lower case, values without the white space around them. */
export type HttpHeaders = readonly (readonly [name: string, value: string])[]

export interface HttpRequest {
  readonly method: string
  readonly target: string
  readonly headers: HttpHeaders
  readonly body: Bytes
  /** Whether the peer wants to go on using the connection. */
  readonly keepAlive: boolean
}

export interface HttpResponse {
  readonly status: number
  readonly reason: string
  readonly headers: HttpHeaders
  readonly body: Bytes
  readonly keepAlive: boolean
}

/** Values of a header field, `name` in lower case; each line by itself, since challenges contain commas. */
export const headerValues = (message: { readonly headers: HttpHeaders }, name: string): readonly string[] =>
  message.headers.filter((field) => field[0] === name).map((field) => field[1])

/** Value of the first header field of this name, in lower case. */
export const headerValue = (message: { readonly headers: HttpHeaders }, name: string): string | undefined => {
  for (const field of message.headers) if (field[0] === name) return field[1]
  return undefined
}
