import { type Secret, secret } from '@outrider/protocols/values'
import type { Invocation } from '../command-line/parse.ts'
import type { RpcDeps } from '../deps.ts'
import { rpcFaults } from '../faults.ts'

/** The AMT password: command line or environment, else the file; `undefined` where there is none. Throws `RPC_PASSWORD_FILE`. */
export const amtPassword = async (invocation: Invocation, deps: RpcDeps): Promise<Secret | undefined> => {
  const given = invocation.value('password')
  if (given !== undefined && given !== '') return secret(given)
  const file = invocation.value('password-file')
  if (file === undefined) return undefined
  try {
    const content = (await deps.readFile(file)).replace(/\r?\n$/, '')
    return content === '' ? undefined : secret(content)
  } catch (error) {
    throw rpcFaults.RPC_PASSWORD_FILE({ file }, error)
  }
}
