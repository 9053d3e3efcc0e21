import type { Static, TSchema } from 'typebox'
import { Value } from 'typebox/value'

/**
 * The configuration of an agent from its environment, with defaults filled in. Prints every key that is
 * missing or wrong in one go and ends the process with exit code 78 (EX_CONFIG), which tells an init system
 * that starting again will not help.
 */
export const configFromEnvironment = <S extends TSchema & { readonly properties: Record<string, TSchema> }>(
  agent: string,
  schema: S,
): Static<S> => {
  const given: Record<string, unknown> = {}
  for (const key of Object.keys(schema.properties))
    if (process.env[key] !== undefined && process.env[key] !== '') given[key] = process.env[key]
  const value = Value.Convert(schema, Value.Default(schema, given))
  if (Value.Check(schema, value)) return value
  console.error(`${agent}: the environment is not complete:`)
  for (const key of Object.keys(schema.properties)) {
    const property = schema.properties[key] as TSchema & { description?: string }
    const present = (value as Record<string, unknown>)[key]
    if (Value.Check(property, present) || (present === undefined && !required(schema, key))) continue
    console.error(`  ${key} ${present === undefined ? 'is missing' : 'is wrong'}: ${property.description ?? ''}`)
  }
  console.error('Write an environment file with `orch-cli generate agent-env --host NAME`.')
  process.exit(78)
}

const required = (schema: TSchema, key: string): boolean =>
  ((schema as { required?: readonly string[] }).required ?? []).includes(key)
