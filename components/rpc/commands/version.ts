import { RPS_PROTOCOL_VERSION } from '@outrider/protocols/rps'
import type { Invocation } from '../command-line/parse.ts'
import type { RpcDeps } from '../deps.ts'

/** `version`: touches nothing of the machine. */
export const version = (invocation: Invocation, { build, stdout }: RpcDeps): number => {
  if (invocation.on('json'))
    stdout(
      `${JSON.stringify(
        {
          app: 'rpc',
          version: build.version,
          protocol: RPS_PROTOCOL_VERSION,
          commit: build.commit,
          date: build.date,
          // The key is the field's; here it names the runtime this RPC has.
          go: build.runtime,
          platform: build.platform,
        },
        null,
        2,
      )}\n`,
    )
  else stdout(`RPC\nVersion ${build.version}\nProtocol ${RPS_PROTOCOL_VERSION}\n`)
  return 0
}
