import { createHash } from 'node:crypto'
import { chmod, mkdir, open, readFile, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type Guid, parseGuid, Secret } from '@outrider/protocols/values'
import { nodeAgentFaults } from './faults.ts'

/** Layout and modes are those existing agents read (reference/emf-code.md 6.2). */
export interface ClientCredentials {
  readonly clientId: string
  readonly clientSecret: Secret
  readonly projectId: string
}

/** Which enrolment token credentials were got with; nothing of the token can be told from it. */
export const enrolmentMark = (token: Secret): string => createHash('sha256').update(token.reveal()).digest('hex')

/** Replaces `path` in one step, so that a reader finds the old or the new content and never half of it. */
export const replaceFile = async (path: string, content: string, mode: number): Promise<void> => {
  await mkdir(dirname(path), { recursive: true, mode: 0o750 })
  const draft = `${path}.new`
  const file = await open(draft, 'w', mode)
  try {
    await file.writeFile(content)
    await file.sync()
  } finally {
    await file.close()
  }
  await chmod(draft, mode)
  await rename(draft, path)
}

const readOrNothing = async (path: string): Promise<string | undefined> => {
  try {
    return (await readFile(path, 'utf8')).trim()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** The credentials of an enrolled node with the mark they were written with, or `undefined` before enrolment. */
export const readCredentials = async (
  stateDir: string,
): Promise<{ readonly credentials: ClientCredentials; readonly mark: string | undefined } | undefined> => {
  const folder = join(stateDir, 'client-credentials')
  const [clientId, clientSecret, projectId, mark] = await Promise.all(
    ['client_id', 'client_secret', 'project_id', 'enrolled_with'].map((name) => readOrNothing(join(folder, name))),
  )
  if (!clientId || !clientSecret || !projectId) return undefined
  return { credentials: { clientId, clientSecret: new Secret(clientSecret), projectId }, mark }
}

/** `client_id` goes first and comes last: its presence says that all of them are there and belong together. */
export const writeCredentials = async (
  stateDir: string,
  credentials: ClientCredentials,
  mark: string,
): Promise<void> => {
  const folder = join(stateDir, 'client-credentials')
  await rm(join(folder, 'client_id'), { force: true })
  await replaceFile(join(folder, 'enrolled_with'), mark, 0o600)
  await replaceFile(join(folder, 'project_id'), credentials.projectId, 0o640)
  await replaceFile(join(folder, 'client_secret'), credentials.clientSecret.reveal(), 0o600)
  await replaceFile(join(folder, 'client_id'), credentials.clientId, 0o600)
}

/** The token file of one agent (mode 0640, replaced atomically). */
export const tokenPath = (stateDir: string, client: string): string => join(stateDir, 'tokens', client, 'access_token')

/** What the BIOS says this machine is. Throws `NODE_IDENTITY_UNREADABLE`. */
export const readMachine = async (dmiDir: string): Promise<{ serial: string; uuid: Guid }> => {
  try {
    const serial = (await readFile(join(dmiDir, 'product_serial'), 'utf8')).trim()
    const uuid = parseGuid(await readFile(join(dmiDir, 'product_uuid'), 'utf8'))
    if (uuid === undefined) throw new TypeError('product_uuid is not a UUID')
    return { serial, uuid }
  } catch (error) {
    throw nodeAgentFaults.NODE_IDENTITY_UNREADABLE({ path: dmiDir }, error)
  }
}
