import { faultTable } from '@outrider/protocols/values'

export const identityFaults = faultTable({
  PROJECT_AMBIGUOUS: {
    kind: 'invalid',
    message: 'The token is for several projects and the request names none.',
    remedy: 'Name the project in the header `ActiveProjectID`, by its UUID.',
  },
  PROJECT_NOT_FOUND: {
    kind: 'missing',
    message: 'There is no project {project} for this caller.',
    remedy: 'Check the name of the project, or ask for a role in it.',
  },
})
