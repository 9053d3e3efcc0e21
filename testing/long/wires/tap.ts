import type { Bytes } from '@outrider/protocols/values'

/** Hears every message that passes a wire, by its kind. */
export type Tap = (kind: string, bytes: Bytes) => void

export const deaf: Tap = () => undefined
