import { randomBytes } from 'node:crypto'
import { chmod, mkdir, open, readFile, rename, rm, stat, unlink } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { faults } from './faults.ts'

/** What orch-cli keeps between runs, under the keys existing users know (reference/emf-code.md 4.1). */
export interface Settings {
  readonly 'api-endpoint'?: string
  readonly project?: string
  readonly username?: string
  readonly 'client-id'?: string
  readonly 'keycloak-endpoint'?: string
  readonly 'access-token'?: string
  /** Epoch seconds. */
  readonly 'access-token-expires'?: number
  readonly 'refresh-token'?: string
  /** CA certificates, PEM. */
  readonly ca?: string
}

export const settingNames = [
  'api-endpoint',
  'project',
  'username',
  'client-id',
  'keycloak-endpoint',
  'access-token',
  'access-token-expires',
  'refresh-token',
  'ca',
] as const satisfies readonly (keyof Settings)[]

/** Those that are shown to nobody. */
export const secretSettings: ReadonlySet<string> = new Set(['access-token', 'refresh-token'])

const LOCK_PATIENCE_MS = 15_000
const LOCK_STALE_MS = 60_000

export const settingsFile = (environment: NodeJS.ProcessEnv): string =>
  environment.ORCH_CLI_CONFIG ?? join(homedir(), '.orch-cli', 'orch-cli.yaml')

const reasonOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? String(error)

/** The settings file. Its owner alone may read it. */
export class SettingsStore {
  readonly file: string

  constructor(file: string) {
    this.file = file
  }

  /** Empty where there is no file. Throws `CLI_CONFIG_INVALID`. */
  async read(): Promise<Settings> {
    let text: string
    try {
      text = await readFile(this.file, 'utf8')
      const { mode } = await stat(this.file)
      // Somebody else's program, or an older one, left it open: it holds tokens.
      if ((mode & 0o077) !== 0) await chmod(this.file, 0o600)
    } catch (error) {
      if (reasonOf(error) === 'ENOENT') return {}
      throw faults.CLI_CONFIG_INVALID({ file: this.file, why: reasonOf(error) }, error)
    }
    const { parse } = await import('yaml')
    let parsed: unknown
    try {
      parsed = parse(text)
    } catch (error) {
      throw faults.CLI_CONFIG_INVALID({ file: this.file, why: 'it is not YAML' }, error)
    }
    if (parsed === null || parsed === undefined) return {}
    if (typeof parsed !== 'object' || Array.isArray(parsed))
      throw faults.CLI_CONFIG_INVALID({ file: this.file, why: 'it is not a list of keys' })
    const known: Record<string, string | number> = {}
    for (const name of settingNames) {
      const value = (parsed as Readonly<Record<string, unknown>>)[name]
      if (typeof value === 'string' || typeof value === 'number') known[name] = value
    }
    return known as Settings
  }

  /** Throws `CLI_FILE_UNWRITABLE`. */
  async write(settings: Settings): Promise<void> {
    const { stringify } = await import('yaml')
    await mkdir(dirname(this.file), { recursive: true, mode: 0o700 })
    await replacePrivate(this.file, stringify(settings))
  }

  /** Runs `work` while no other orch-cli does so with the same file. Throws `CLI_CONFIG_BUSY`. */
  async locked<T>(work: () => Promise<T>): Promise<T> {
    const lock = `${this.file}.lock`
    await mkdir(dirname(this.file), { recursive: true, mode: 0o700 })
    const until = Date.now() + LOCK_PATIENCE_MS
    for (;;) {
      try {
        await (await open(lock, 'wx', 0o600)).close()
        break
      } catch (error) {
        if (reasonOf(error) !== 'EEXIST') throw faults.CLI_FILE_UNWRITABLE({ file: lock, why: reasonOf(error) }, error)
      }
      // Whoever held it was killed.
      const held = await stat(lock).catch(() => undefined)
      if (held !== undefined && Date.now() - held.mtimeMs > LOCK_STALE_MS) await rm(lock, { force: true })
      if (Date.now() > until) throw faults.CLI_CONFIG_BUSY({ file: lock, seconds: LOCK_PATIENCE_MS / 1000 })
      await sleep(50)
    }
    try {
      return await work()
    } finally {
      await rm(lock, { force: true })
    }
  }
}

/**
 * Writes a file that its owner alone may read, at once: a reader sees the old one or the new one. Throws
 * `CLI_FILE_UNWRITABLE`.
 */
export const replacePrivate = async (file: string, text: string): Promise<void> => {
  const temporary = `${file}.${randomBytes(6).toString('hex')}`
  try {
    const handle = await open(temporary, 'wx', 0o600)
    try {
      await handle.writeFile(text)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(temporary, file)
  } catch (error) {
    await unlink(temporary).catch(() => undefined)
    throw faults.CLI_FILE_UNWRITABLE({ file, why: reasonOf(error) }, error)
  }
}
