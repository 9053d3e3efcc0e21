import type { CommandRecord } from '../command.ts'

export const command: CommandRecord = {
  about: 'Cancels an operation that has not begun.',
  arguments: [{ name: 'operation', about: 'id of the operation' }],
  run: async (cli, [id]) => {
    const operation = await (await cli.api()).cancelOperation(id!)
    await cli.print(operation, () => [`${operation.kind} ${operation.id} is cancelled.`])
  },
}
