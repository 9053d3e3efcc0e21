import type { Noise } from '../noise.ts'

/** A JSON schema as far as the route tables use it. */
export interface Schema {
  readonly type?: string | readonly string[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly items?: Schema
  readonly anyOf?: readonly Schema[]
  readonly oneOf?: readonly Schema[]
  readonly allOf?: readonly Schema[]
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly minimum?: number
  readonly maximum?: number
  readonly patternProperties?: Readonly<Record<string, Schema>>
}

/** Stands wherever something secret is given: no answer may ever hold it. */
export const SECRET = 'Canary-Passw0rd!'

const TEXTS = [
  '',
  ' ',
  'a',
  'default',
  'admin',
  'p1',
  '0',
  '-1',
  '1e9',
  'true',
  'null',
  '../../etc/passwd',
  "'; DROP TABLE hosts; --",
  '%00',
  '\u0000',
  '\u202e\ud83d\ude00',
  '\ud800',
  '__proto__',
  'constructor',
  '00000000-0000-0000-0000-000000000000',
  'D12428BE-9FA1-4226-9784-54B2038BEAB6',
  'host-00000000',
  'op-00000000000000000000',
  'mps.example.test',
  '192.168.1.1',
  'AAAA',
  'MIIB',
  'ccmactivate',
  'acmactivate',
  'AMT_STATE_PROVISIONED',
  'POWER_STATE_RESET',
  'name asc, hostStatus desc',
  'hostStatus="x" AND NOT (name=\'y\')',
  '((((((((((((((((((((',
]
const LONG = ['x'.repeat(300), 'x'.repeat(70_000), 'a=1 OR '.repeat(200), '('.repeat(5000)]
const NUMBERS = [0, 1, -1, 2, 10, 200, 256, 65_535, 65_536, 4433, 2 ** 31, -(2 ** 31), 2 ** 53, 1.5, -0.1, 1e300]
const ANYTHING: readonly unknown[] = [
  null,
  true,
  false,
  [],
  {},
  [[]],
  { a: 1 },
  'x',
  7,
  { __proto__: null, constructor: 1 },
]

/** Makes values that fit a schema, nearly fit it, or do not fit it at all. */
export class SchemaValues {
  readonly #noise: Noise
  /** Texts that mean something: names and ids that were seen. */
  readonly #known: () => readonly string[]

  constructor(noise: Noise, known: () => readonly string[]) {
    this.#noise = noise
    this.#known = known
  }

  text(name = ''): string {
    const noise = this.#noise
    if (/pass|secret/i.test(name)) return SECRET
    const known = this.#known()
    if (known.length > 0 && noise.chance(0.5)) return noise.pick(known)
    if (noise.chance(0.1)) return String.fromCharCode(...noise.bytes(noise.below(12)))
    return noise.chance(0.05) ? noise.pick(LONG) : noise.pick(TEXTS)
  }

  of(schema: Schema, name = '', depth = 0): unknown {
    const noise = this.#noise
    if (noise.chance(0.06)) return noise.pick(ANYTHING)
    if (schema.const !== undefined) return schema.const
    if (schema.enum !== undefined) return noise.pick(schema.enum)
    const choices = schema.anyOf ?? schema.oneOf
    if (choices !== undefined) return this.of(noise.pick(choices), name, depth)
    if (schema.allOf !== undefined)
      return Object.assign({}, ...schema.allOf.map((each) => this.of(each, name, depth + 1)))
    const type = Array.isArray(schema.type) ? noise.pick(schema.type as readonly string[]) : schema.type
    switch (type) {
      case 'object':
        return this.#object(schema, depth)
      case 'array':
        return Array.from({ length: noise.below(depth > 3 ? 2 : 4) }, () =>
          this.of(schema.items ?? {}, name, depth + 1),
        )
      case 'integer':
      case 'number':
        return this.#number(schema)
      case 'boolean':
        return noise.chance(0.5)
      case 'null':
        return null
      case 'string':
        return this.text(name)
      default:
        return noise.pick(ANYTHING)
    }
  }

  #number({ minimum = 0, maximum = minimum + 1000 }: Schema): number {
    const noise = this.#noise
    return noise.chance(0.6)
      ? minimum + noise.below(Math.max(1, Math.min(maximum - minimum + 1, 1e6)))
      : noise.pick(NUMBERS)
  }

  #object(schema: Schema, depth: number): Record<string, unknown> {
    const noise = this.#noise
    const made: Record<string, unknown> = {}
    for (const [name, property] of Object.entries(schema.properties ?? {})) {
      const needed = schema.required?.includes(name) === true
      if (needed ? noise.chance(0.97) : noise.chance(depth > 2 ? 0.2 : 0.5))
        made[name] = this.of(property, name, depth + 1)
    }
    for (const property of Object.values(schema.patternProperties ?? {}))
      if (noise.chance(0.5)) made[this.text()] = this.of(property, '', depth + 1)
    if (noise.chance(0.03)) made[this.text()] = noise.pick(ANYTHING)
    return made
  }
}
