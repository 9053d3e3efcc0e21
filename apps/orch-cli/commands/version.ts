import { readText } from '../cli.ts'
import type { CommandRecord } from '../command.ts'

export const command: CommandRecord = {
  about: 'Prints the versions of orch-cli and of the Node.js it runs on.',
  run: async (cli) => {
    const manifest = JSON.parse(await readText(new URL('../package.json', import.meta.url).pathname)) as {
      readonly version: string
    }
    const versions = { 'orch-cli': manifest.version, node: process.versions.node }
    await cli.print(versions, () => [`orch-cli ${manifest.version} (Node.js ${process.versions.node})`])
  },
}
