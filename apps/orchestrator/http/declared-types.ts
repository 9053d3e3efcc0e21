import type { TSchema } from 'typebox'

interface Declared {
  readonly type?: string
  readonly properties?: Readonly<Record<string, Declared>>
  readonly items?: Declared
  readonly anyOf?: readonly Declared[]
}

/**
 * Query and path parameters are texts on the wire; their declaration says what they are. A text that is not of
 * the declared type stays a text, for the validation to name. Nothing is guessed from the text itself.
 */
export const byDeclaration = (texts: Readonly<Record<string, unknown>>, schema: TSchema): Record<string, unknown> => {
  const { properties = {} } = schema as Declared
  const values: Record<string, unknown> = {}
  for (const [name, text] of Object.entries(texts)) {
    const declared = Object.hasOwn(properties, name) ? properties[name] : undefined
    values[name] = declared === undefined ? text : typed(text, declared)
  }
  return values
}

const typed = (text: unknown, declared: Declared): unknown => {
  if (declared.type === 'array')
    return (Array.isArray(text) ? text : [text]).map((item) => typed(item, declared.items ?? {}))
  if (typeof text !== 'string') return text
  const types = declared.type === undefined ? (declared.anyOf ?? []).map(({ type }) => type) : [declared.type]
  if (types.includes('string')) return text
  if ((types.includes('integer') || types.includes('number')) && /^-?\d+(\.\d+)?$/.test(text)) return Number(text)
  if (types.includes('boolean') && (text === 'true' || text === 'false')) return text === 'true'
  return text
}
