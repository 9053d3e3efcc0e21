import { chmod, mkdir, open, readFile, rename } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type Guid, parseGuid, Secret } from '@outrider/protocols/values'
import { nodeAgentFaults } from './faults.ts'

/** Layout and modes are those existing agents read (reference/emf-code.md 6.2). */
export interface ClientCredentials {
  readonly clientId: string
  readonly clientSecret: Secret
  readonly projectId: string
}

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

/** The credentials of an enrolled node, or `undefined` before enrolment. */
export const readCredentials = async (stateDir: string): Promise<ClientCredentials | undefined> => {
  const folder = join(stateDir, 'client-credentials')
  const [clientId, clientSecret, projectId] = await Promise.all(
    ['client_id', 'client_secret', 'project_id'].map((name) => readOrNothing(join(folder, name))),
  )
  if (!clientId || !clientSecret || !projectId) return undefined
  return { clientId, clientSecret: new Secret(clientSecret), projectId }
}

/** `client_id` comes last: its presence says that all three are there. */
export const writeCredentials = async (stateDir: string, credentials: ClientCredentials): Promise<void> => {
  const folder = join(stateDir, 'client-credentials')
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
