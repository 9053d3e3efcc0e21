import type { CommandRecord } from '../command.ts'
import { plain, table } from '../output/table.ts'

export const command: CommandRecord = {
  about: 'Lists the projects you have a role in.',
  run: async (cli) => {
    const projects = await (await cli.api()).projects()
    await cli.print(projects, () =>
      table(
        ['NAME', 'UUID'],
        projects.map(({ name, id }) => [plain(name), id]),
        cli.paint,
      ),
    )
  },
}
