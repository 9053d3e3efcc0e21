import type { Fault } from '@outrider/protocols/values'
import type { Cli } from './cli.ts'
import { faults } from './faults.ts'

/** The first line, without its end: password files are written with one. */
export const firstLine = (text: string): string => text.split(/\r?\n/, 1)[0] ?? ''

/** A line of text from the terminal; `absent` where it is empty or there is no terminal. */
export const askText = async (cli: Cli, question: string, absent: string): Promise<string> => {
  if (cli.input.isTTY !== true) return absent
  const { createInterface } = await import('node:readline/promises')
  const lines = createInterface({ input: cli.input, output: process.stderr })
  try {
    const answer = (await lines.question(question, { signal: cli.signal })).trim()
    return answer === '' ? absent : answer
  } finally {
    lines.close()
  }
}

const ENTER = new Set(['\r', '\n', '\u0004'])
const INTERRUPT = '\u0003'
const ERASE = new Set(['\u007f', '\b'])

/** All of the standard input as text. */
export const readAll = async (input: AsyncIterable<string | Buffer>): Promise<string> => {
  const parts: Buffer[] = []
  for await (const part of input) parts.push(Buffer.from(part))
  return Buffer.concat(parts).toString('utf8')
}

/** A password from the terminal, not shown. Throws `absent` (`CLI_NO_PASSWORD`) where there is no terminal. */
export const askPassword = (
  cli: Cli,
  question: string,
  absent: () => Fault = faults.CLI_NO_PASSWORD,
): Promise<string> => {
  const { input } = cli
  if (input.isTTY !== true) return Promise.reject(absent())
  return new Promise((resolve, reject) => {
    let typed: string[] = []
    const end = (settle: () => void): void => {
      input.off('data', read)
      cli.signal.removeEventListener('abort', interrupted)
      input.setRawMode(false)
      input.pause()
      process.stderr.write('\n')
      settle()
    }
    const interrupted = (): void => end(() => reject(cli.signal.reason))
    const read = (chunk: string): void => {
      for (const char of chunk) {
        if (ENTER.has(char)) {
          end(() => resolve(typed.join('')))
          return
        }
        if (char === INTERRUPT) {
          // Raw mode keeps the terminal from raising it.
          end(() => undefined)
          process.kill(process.pid, 'SIGINT')
          return
        }
        if (ERASE.has(char)) typed = typed.slice(0, -1)
        else typed.push(char)
      }
    }
    input.setEncoding('utf8')
    input.setRawMode(true)
    // Asked only now: what is typed from here on is not shown.
    process.stderr.write(question)
    input.on('data', read)
    input.resume()
    cli.signal.addEventListener('abort', interrupted, { once: true })
  })
}
