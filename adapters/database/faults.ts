import { faultTable } from '@outrider/protocols/values'

export const databaseFaults = faultTable({
  DATABASE_UNAVAILABLE: {
    kind: 'unavailable',
    message: 'The database does not answer: {reason}.',
    remedy: 'See that its disk has room and that it is running and reachable; work resumes by itself.',
  },
  DATABASE_UNREADABLE: {
    kind: 'bug',
    message: 'The database {path} is damaged or is not a database.',
    remedy: 'Stop the service, keep the file and restore the last backup.',
  },
  DATABASE_NEWER: {
    kind: 'conflict',
    message: 'The database was written by a newer version of this program (migration {migration}).',
    remedy: 'Start that version or a later one; a database is never taken back to an older form.',
  },
  DATABASE_NOT_MIGRATED: {
    kind: 'bug',
    message: 'The database could not be brought to the form this version needs (migration {migration}).',
    remedy: 'Nothing was changed: start the former version again and report what the service log says.',
  },
  DATABASE_CLOSED: {
    kind: 'unavailable',
    message: 'The database is closed because the service is stopping.',
    remedy: 'Ask again when the service has started.',
  },
  DATABASE_NESTED: {
    kind: 'bug',
    message: 'A store was called from inside a transaction of the same database.',
    remedy: 'Report this with the service log: the work of a transaction may use only the tables it is handed.',
  },
  CURSOR_INVALID: {
    kind: 'invalid',
    message: 'The page asked for does not belong to this list.',
    remedy: 'Read the list again from its first page.',
  },
})
