import { readFile } from 'node:fs/promises'
import { parseEnv } from 'node:util'

/** The variables of an environment file, as an init system reads one: KEY=VALUE lines, quotes, comments. */
export const readEnvironmentFile = async (path: string): Promise<Readonly<Record<string, string>>> => {
  const text = await readFile(path, 'utf8')
  return Object.fromEntries(
    Object.entries(parseEnv(text)).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  )
}
