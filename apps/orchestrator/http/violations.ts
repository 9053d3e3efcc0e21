import type { FieldProblem } from '@outrider/protocols/rest'
import type { FastifySchemaValidationError } from 'fastify'

export type Part = 'body' | 'query' | 'path'

/** One field that is not as declared; `why` continues "The field x ...". Never its value: it may be a password. */
export type Violation = FieldProblem

/** What the validator found, each field once, the choices of a union as one. */
export const violationsOf = (errors: readonly FastifySchemaValidationError[], where: Part): Violation[] => {
  const unions = new Set(errors.filter(({ keyword }) => keyword === 'anyOf').map(({ instancePath }) => instancePath))
  const found = new Map<string, Violation>()
  for (const error of errors) {
    if (error.keyword !== 'anyOf' && unions.has(error.instancePath)) continue
    const violation = { where, field: fieldOf(error), why: whyOf(error, errors) }
    if (!found.has(violation.field)) found.set(violation.field, violation)
  }
  return [...found.values()]
}

const fieldOf = ({ instancePath, params }: FastifySchemaValidationError): string => {
  const path = instancePath
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))
  const last = params.missingProperty ?? params.additionalProperty
  return [...path, ...(typeof last === 'string' ? [last] : [])].join('.')
}

const whyOf = (error: FastifySchemaValidationError, all: readonly FastifySchemaValidationError[]): string => {
  switch (error.keyword) {
    case 'required':
      return 'is missing'
    case 'additionalProperties':
      return 'is not known here'
    case 'anyOf': {
      const allowed = all
        .filter(({ keyword, instancePath }) => keyword === 'const' && instancePath === error.instancePath)
        .map(({ params }) => JSON.stringify(params.allowedValue))
      return allowed.length === 0 ? 'has a form that is not allowed' : `must be one of ${allowed.join(', ')}`
    }
    case 'const':
      return `must be ${JSON.stringify(error.params.allowedValue)}`
    case 'pattern':
      return `does not have the form ${String(error.params.pattern)}`
    default:
      return error.message ?? 'is not as declared'
  }
}
