import type { XmlElement } from '../xml/index.ts'
import { ENUMERATION, TRANSFER } from './namespaces.ts'

/** What a request asks for (reference/amt-firmware.md 6.1). */
export type WsmanOperation =
  | { readonly type: 'get' }
  | { readonly type: 'put'; readonly instance: XmlElement }
  | { readonly type: 'create'; readonly instance: XmlElement }
  | { readonly type: 'delete' }
  | { readonly type: 'enumerate' }
  | { readonly type: 'pull'; readonly context: string; readonly maxElements?: number }
  | { readonly type: 'release'; readonly context: string }
  | { readonly type: 'invoke'; readonly method: string; readonly input: XmlElement }
  /** An action that is none of these: answered with the fault `ActionNotSupported`. */
  | { readonly type: 'other'; readonly action: string }

const ACTIONS = {
  get: `${TRANSFER}/Get`,
  put: `${TRANSFER}/Put`,
  create: `${TRANSFER}/Create`,
  delete: `${TRANSFER}/Delete`,
  enumerate: `${ENUMERATION}/Enumerate`,
  pull: `${ENUMERATION}/Pull`,
  release: `${ENUMERATION}/Release`,
} as const

export type PlainOperation = keyof typeof ACTIONS

const BY_ACTION = new Map(Object.entries(ACTIONS).map(([type, action]) => [action as string, type as PlainOperation]))

/** The operation an action names; `undefined` for methods and what is unknown. */
export const plainOperation = (action: string): PlainOperation | undefined => BY_ACTION.get(action)

/** The action of a request; its answer's is this with `Response` behind it. */
export const actionOf = (operation: { type: PlainOperation } | { type: 'invoke'; method: string }, uri: string) =>
  operation.type === 'invoke' ? `${uri}/${operation.method}` : ACTIONS[operation.type]

/** What a page asks for at most: more than firmware gives in one answer (reference/mps.md 2.6). */
export const PULL_ELEMENTS = 999
export const PULL_CHARACTERS = 99_999
