import type { OperationView } from '../api.ts'
import { type Paint, plain, sheet, table } from './table.ts'

const lifePainted = (paint: Paint, life: string): string => {
  if (life === 'succeeded') return paint('green', life)
  if (life === 'failed' || life === 'refused') return paint('red', life)
  return life === 'cancelled' ? paint('gray', life) : paint('yellow', life)
}

const took = (operation: OperationView): string =>
  operation.endedAt === undefined
    ? '-'
    : `${((Date.parse(operation.endedAt) - Date.parse(operation.createdAt)) / 1000).toFixed(1)}s`

export const operationTable = (operations: readonly OperationView[], paint: Paint): string[] =>
  table(
    ['ID', 'HOST', 'KIND', 'OUTCOME', 'CODE', 'TOOK', 'BY', 'REQUESTED'],
    operations.map((operation) => [
      operation.id,
      operation.hostId,
      operation.kind,
      lifePainted(paint, operation.life),
      operation.fault?.code ?? '-',
      took(operation),
      plain(operation.requester.name),
      operation.createdAt,
    ]),
    paint,
  )

export const operationSheet = (operation: OperationView, paint: Paint): string[] => {
  const { fault } = operation
  return sheet(
    [
      {
        title: 'Operation',
        rows: [
          ['Id', operation.id],
          ['Host', operation.hostId],
          ['Kind', operation.kind],
          ...(operation.controlMode === undefined ? [] : [['Control mode', operation.controlMode] as const]),
          ...(operation.powerPolicy === undefined ? [] : [['Power policy', operation.powerPolicy] as const]),
          ['Outcome', lifePainted(paint, operation.life)],
          ['Requested by', plain(operation.requester.name)],
          ['Requested', operation.createdAt],
          operation.endedAt === undefined
            ? (['Deadline', operation.deadline] as const)
            : (['Ended', `${operation.endedAt} (took ${took(operation)})`] as const),
          ['Attempts', String(operation.attempt)],
        ],
      },
      {
        title: 'Fault',
        rows:
          fault === undefined
            ? []
            : [
                ['Code', paint('red', fault.code)],
                ['Cause', plain(fault.message)],
                ['Remedy', plain(fault.remedy)],
                ...Object.entries(fault.detail ?? {}).map(
                  ([name, value]) => [plain(name), plain(String(value))] as const,
                ),
              ],
      },
      {
        title: 'Steps',
        rows: operation.steps.map(({ at, step, message }) => [at, `${plain(step)}: ${plain(message)}`] as const),
      },
    ],
    paint,
  )
}
