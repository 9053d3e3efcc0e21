export type { Credentials } from './digest-client.ts'
export { type HttpExchange, NoAnswer } from './http-exchange.ts'
export { KeepAliveExchange, type OpenStream } from './keep-alive-exchange.ts'
export { createWsmanSession, type WsmanSession, type WsmanSessionOptions } from './session.ts'
