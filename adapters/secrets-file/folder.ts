import { chmod, type FileHandle, open, readFile, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'

// Files that are there whole or not at all, whatever happens in between.

/** Bytes of a file, `undefined` where there is none; its mode is made owner-only on the way. */
export const readOwn = async (path: string): Promise<Uint8Array | undefined> => {
  try {
    await chmod(path, 0o600)
    return await readFile(path)
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}

/** A new, empty, owner-only file to write on. What was at `path` is gone. */
export const createOwn = async (path: string): Promise<FileHandle> => {
  await rm(path, { force: true })
  return open(path, 'wx', 0o600)
}

/** Gives a finished file its name, durably. */
export const moveInto = async (from: string, to: string): Promise<void> => {
  await rename(from, to)
  await syncFolder(dirname(to))
}

export const syncFolder = async (path: string): Promise<void> => {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

const isMissing = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'ENOENT'
