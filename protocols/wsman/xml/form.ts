import type { XmlElement } from './element.ts'
import { leaf } from './element.ts'
import { escaped, writeXml, type XmlPrefixes } from './writer.ts'

// A character for private use: no name, namespace or text of ours has it.
const PLACE = '\ue000'

/** An element of a form whose text is filled in later. */
export const place = (namespace: string, name: string): XmlElement => leaf(namespace, name, PLACE)

/** A document that is written once and filled in many times: only the texts in its places differ. */
export class XmlForm {
  readonly #pieces: readonly string[]

  /** Throws as `writeXml` does. */
  constructor(root: XmlElement, prefixes: XmlPrefixes, declaration: string) {
    this.#pieces = writeXml(root, prefixes, declaration).split(PLACE)
  }

  /** The document with these texts, escaped, in its places from the first on. Throws `WSMAN_UNWRITABLE`. */
  fill(...texts: readonly string[]): string {
    let document = this.#pieces[0]!
    for (let i = 0; i < texts.length; i++) document += escaped(texts[i]!) + this.#pieces[i + 1]!
    return document
  }
}
