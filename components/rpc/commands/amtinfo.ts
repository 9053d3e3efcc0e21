import { type Item, items } from '../amtinfo/facts.ts'
import { amtInfoDocument } from '../amtinfo/json.ts'
import { readAmtFacts } from '../amtinfo/read.ts'
import { amtInfoTextV2 } from '../amtinfo/text-v2.ts'
import { amtInfoTextV3 } from '../amtinfo/text-v3.ts'
import type { Invocation } from '../command-line/parse.ts'
import type { RpcDeps } from '../deps.ts'
import { exitOf, failureLine } from '../exit-codes.ts'
import type { Log } from '../log.ts'

/** `amtinfo`: prints what there is, also where there is no AMT, and exits by why. */
export const amtInfo = async (invocation: Invocation, deps: RpcDeps, log: Log): Promise<number> => {
  const wanted = wantedItems(invocation)
  const facts = await readAmtFacts(wanted, deps, log)
  if (invocation.on('json')) deps.stdout(`${JSON.stringify(amtInfoDocument(facts, wanted), null, 2)}\n`)
  else if (invocation.value('layout') === 'v3') deps.stdout(amtInfoTextV3(facts, wanted))
  else if (facts.failure === undefined) deps.stdout(amtInfoTextV2(facts, wanted))
  if (facts.failure === undefined) return 0
  log.error(failureLine(facts.failure))
  return exitOf(facts.failure).code
}

/** What the flags of the command line name; without any, everything but the certificate hashes. */
const wantedItems = (invocation: Invocation): ReadonlySet<Item> => {
  if (invocation.on('all')) return new Set(items)
  const named = items.filter((item) => invocation.given(item))
  return new Set(named.length > 0 ? named : items.filter((item) => item !== 'cert'))
}
