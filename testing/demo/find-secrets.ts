import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const files = (folder: string): string[] =>
  readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    return entry.isDirectory() ? files(path) : entry.isFile() ? [path] : []
  })

/** The file's content; none where it is gone by now: files are replaced while the processes run. */
const present = (path: string): [string, Buffer][] => {
  try {
    return [[path, readFileSync(path)]]
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}

/** Places in which a secret stands in clear, each as `name in place`. Shorter than this is no secret but a word. */
const SHORTEST = 8

export const findSecrets = (
  secrets: readonly { readonly name: string; readonly value: string }[],
  places: {
    readonly folders: readonly string[]
    readonly texts: Readonly<Record<string, string>>
    /** Processes whose arguments are looked through. */
    readonly pids: readonly number[]
  },
): string[] => {
  const haystacks: [string, Buffer][] = [
    ...places.folders.flatMap((folder) => files(folder).flatMap((path) => present(path))),
    ...Object.entries(places.texts).map(([name, text]): [string, Buffer] => [name, Buffer.from(text)]),
    ...places.pids
      .map((pid) => `/proc/${pid}/cmdline`)
      .filter((path) => existsSync(path))
      .map((path): [string, Buffer] => [path, readFileSync(path)]),
  ]
  return secrets
    .filter(({ value }) => value.length >= SHORTEST)
    .flatMap(({ name, value }) =>
      haystacks.filter(([, content]) => content.includes(value)).map(([place]) => `${name} in ${place}`),
    )
}
