import { randomBytes } from 'node:crypto'
import { fromHex, text, toHex } from '@outrider/protocols/values'
import { createOwn, moveInto, readOwn } from './folder.ts'
import { KEY_BYTES } from './frames.ts'

// The key file is 64 hexadecimal digits. A key is prepared under another name, takes its own once the secret file
// exists, and from then on neither file may be missing: whichever is gone was lost, not "not made yet".

const prepared = (keyPath: string): string => `${keyPath}.new`

/** The key, `undefined` where its file is missing, `'malformed'` where it holds no key. */
export const readKey = async (keyPath: string): Promise<Uint8Array | 'malformed' | undefined> =>
  parse(await readOwn(keyPath))

/** A key whose secret file may or may not have been made before a crash. */
export const readPreparedKey = async (keyPath: string): Promise<Uint8Array | undefined> => {
  const key = parse(await readOwn(prepared(keyPath)))
  return key === 'malformed' ? undefined : key
}

export const prepareKey = async (keyPath: string): Promise<Uint8Array> => {
  const key = randomBytes(KEY_BYTES)
  const file = await createOwn(prepared(keyPath))
  try {
    await file.writeFile(`${toHex(key)}\n`)
    await file.sync()
  } finally {
    await file.close()
  }
  return key
}

export const confirmKey = (keyPath: string): Promise<void> => moveInto(prepared(keyPath), keyPath)

const parse = (file: Uint8Array | undefined): Uint8Array | 'malformed' | undefined => {
  if (file === undefined) return undefined
  const key = fromHex(text(file))
  return key?.length === KEY_BYTES ? key : 'malformed'
}
