import type { Secret } from '@outrider/protocols/values'
import { type Api, connectApi } from './api.ts'
import { type Given, textOf } from './command.ts'
import { faults } from './faults.ts'
import { type HttpClient, httpClient } from './http.ts'
import { type Paint, painter } from './output/table.ts'
import { accessToken } from './session.ts'
import { type Settings, SettingsStore, settingsFile } from './settings.ts'

const DEFAULT_ENDPOINT = 'https://localhost:8443'
const DEFAULT_PROJECT = 'default'

export type Format = 'table' | 'json' | 'yaml'

/** What a command runs with: its process, its settings, its orchestrator. */
export interface Cli {
  readonly settings: SettingsStore
  readonly format: Format
  readonly paint: Paint
  /** Ends when the user interrupts. */
  readonly signal: AbortSignal
  readonly environment: NodeJS.ProcessEnv
  readonly input: NodeJS.ReadStream
  out(lines: string | readonly string[]): void
  err(lines: string | readonly string[]): void
  /** Prints data as the chosen format has it; `lines` where it is a table. */
  print(data: unknown, lines: () => readonly string[]): Promise<void>
  endpoint(): Promise<string>
  /** CA certificates from `--ca`, the environment or the login, PEM. */
  ca(): Promise<string | undefined>
  http(): Promise<HttpClient>
  token(signal: AbortSignal): Promise<Secret>
  api(): Promise<Api>
}

/** The file's text. Throws `CLI_FILE_UNREADABLE`. */
export const readText = async (file: string): Promise<string> => Buffer.from(await readBytes(file)).toString('utf8')

/** What is in the file. Throws `CLI_FILE_UNREADABLE`. */
export const readBytes = async (file: string): Promise<Uint8Array> => {
  const { readFile } = await import('node:fs/promises')
  try {
    return await readFile(file)
  } catch (error) {
    throw faults.CLI_FILE_UNREADABLE({ file, why: (error as NodeJS.ErrnoException).code ?? String(error) }, error)
  }
}

const cleanEndpoint = (endpoint: string): string => {
  if (!URL.canParse(endpoint)) throw faults.CLI_ENDPOINT_INVALID({ endpoint, why: 'it is not a URL' })
  return new URL(endpoint).origin
}

export interface CliProcess {
  readonly environment: NodeJS.ProcessEnv
  readonly stdin: NodeJS.ReadStream
  readonly stdout: NodeJS.WriteStream
  readonly stderr: NodeJS.WriteStream
  readonly signal: AbortSignal
}

/** Colours on a terminal, unless somebody said no (https://no-color.org). */
const coloured = ({ environment, stdout }: CliProcess): boolean =>
  stdout.isTTY === true && (environment.NO_COLOR ?? '') === '' && environment.TERM !== 'dumb'

export const createCli = (process: CliProcess, options: Given): Cli & Disposable => {
  const { environment, stdout, stderr, stdin, signal } = process
  const settings = new SettingsStore(settingsFile(environment))
  const format = (textOf(options, 'output') ?? 'table') as Format
  const write = (stream: NodeJS.WriteStream, lines: string | readonly string[]): void => {
    const text = typeof lines === 'string' ? lines : lines.join('\n')
    if (text !== '') stream.write(`${text}\n`)
  }
  let kept: Promise<Settings> | undefined
  let client: HttpClient | undefined

  const stored = (): Promise<Settings> => {
    kept ??= settings.read()
    return kept
  }

  const cli: Cli & Disposable = {
    settings,
    format,
    paint: painter(coloured(process)),
    signal,
    environment,
    input: stdin,
    out: (lines) => write(stdout, lines),
    err: (lines) => write(stderr, lines),

    print: async (data, lines) => {
      if (format === 'table') return write(stdout, lines())
      if (format === 'json') return write(stdout, JSON.stringify(data, null, 2))
      const { stringify } = await import('yaml')
      return write(stdout, stringify(data).trimEnd())
    },

    endpoint: async () =>
      cleanEndpoint(
        textOf(options, 'apiEndpoint') ??
          environment.ORCH_CLI_API_ENDPOINT ??
          (await stored())['api-endpoint'] ??
          DEFAULT_ENDPOINT,
      ),

    ca: async () => {
      const file = textOf(options, 'ca') ?? environment.ORCH_CLI_CA
      return file === undefined ? (await stored()).ca : readText(file)
    },

    http: async () => {
      client ??= httpClient(await cli.ca(), (line) => {
        if (options.verbose === true) cli.err(cli.paint('gray', line))
      })
      return client
    },

    token: async (until) => {
      const given = environment.MT_GW_TOKEN
      if (given !== undefined && given !== '') {
        const { secret } = await import('@outrider/protocols/values')
        return secret(given)
      }
      return accessToken(await cli.http(), settings, await cli.endpoint(), until)
    },

    api: async () =>
      connectApi({
        http: await cli.http(),
        endpoint: await cli.endpoint(),
        project: textOf(options, 'project') ?? (await stored()).project ?? DEFAULT_PROJECT,
        token: cli.token,
        signal,
      }),

    [Symbol.dispose]: () => client?.[Symbol.dispose](),
  }
  return cli
}
