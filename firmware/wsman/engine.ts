import { seconds, toHex } from '@outrider/protocols/values'
import {
  decodeRequest,
  encodeFault,
  encodeResponse,
  type FaultSubcode,
  printInstance,
  printOutput,
  readInput,
  readInstance,
  type Selectors,
  type WsmanRequest,
  type WsmanResult,
} from '@outrider/protocols/wsman'
import type { Device } from '../device.ts'
import type { FlashState } from '../state/flash-state.ts'
import { firmwareClasses } from './classes/index.ts'
import { type Call, type Caller, type ClassModel, isRefusal, type Refusal, refuse, type View } from './model.ts'
import { mayHave } from './rights.ts'
import { select } from './selectors.ts'

/** What one request came to. */
export interface WsmanAnswer {
  /** SOAP faults travel with 400. */
  readonly status: 200 | 400
  readonly document: string
  /** To be run once the answer is written. */
  readonly afterReply: readonly (() => void)[]
  /** Whether the connection ends with it. */
  readonly endsConnection: boolean
}

/** What a call leaves to be done besides its answer. */
interface Aftermath {
  readonly afterReply: (() => void)[]
  endsConnection: boolean
}

const CONTEXT_LIFE = seconds(60)

interface Enumeration {
  readonly model: ClassModel
  readonly until: number
  /** How many instances were given out already. */
  from: number
}

type Outcome = { readonly result: WsmanResult } | Refusal

/** The one WS-MAN engine of a firmware: every way in ends here (amt-firmware.md 6). */
export class WsmanEngine {
  readonly #device: Device
  readonly #classes: ReadonlyMap<string, ClassModel>
  readonly #enumerations = new Map<string, Enumeration>()
  #contexts = 0
  #messages = 0

  constructor(device: Device, classes: readonly ClassModel[] = firmwareClasses) {
    this.#device = device
    this.#classes = new Map(classes.map((model) => [model.cls.uri, model]))
  }

  /** The request in a document. Throws `WSMAN_MALFORMED`. */
  decode(document: string): WsmanRequest {
    return decodeRequest(document)
  }

  /** Carries a request out. Throws `WSMAN_MALFORMED` where a value in it is not of its declared type. */
  async answer(request: WsmanRequest, caller: Caller): Promise<WsmanAnswer> {
    const aftermath: Aftermath = { afterReply: [], endsConnection: false }
    const outcome = await this.#outcome(request, caller, aftermath)
    if (isRefusal(outcome)) return this.refused(request, outcome.refusal)
    const model = this.#classes.get(request.resourceUri)!
    const document = encodeResponse({
      relatesTo: request.messageId,
      messageId: this.#messageId(),
      resourceUri: request.resourceUri,
      result: outcome.result,
      dated: (model.element ?? model.cls).dated,
    })
    return { status: 200, document, ...aftermath }
  }

  /** The answer that refuses a request with a SOAP fault. */
  refused(request: Pick<WsmanRequest, 'messageId'>, subcode: FaultSubcode): WsmanAnswer {
    const document = encodeFault({ relatesTo: request.messageId, messageId: this.#messageId(), subcode })
    return { status: 400, document, afterReply: [], endsConnection: false }
  }

  /** The answer of a method that returns this number and nothing else; a fault where the request calls none. */
  returning(request: WsmanRequest, returnValue: number): WsmanAnswer {
    const { operation, resourceUri } = request
    const model = this.#classes.get(resourceUri)
    if (operation.type !== 'invoke' || model === undefined) return this.refused(request, 'InternalError')
    const { method } = operation
    const output = printOutput(model.cls, method, { ReturnValue: returnValue })
    const document = encodeResponse({
      relatesTo: request.messageId,
      messageId: this.#messageId(),
      resourceUri,
      result: { type: 'invoke', method, output },
      dated: model.cls.dated,
    })
    return { status: 200, document, afterReply: [], endsConnection: false }
  }

  #messageId(): string {
    const count = (++this.#messages).toString(16).toUpperCase().padStart(12, '0')
    return `uuid:00000000-8086-8086-8086-${count}`
  }

  async #outcome(request: WsmanRequest, caller: Caller, aftermath: Aftermath): Promise<Outcome> {
    const model = this.#classes.get(request.resourceUri)
    if (model === undefined) return refuse('DestinationUnreachable')
    const { operation, selectors } = request
    const { state } = this.#view()
    const allowed = (kind: 'read' | 'write', method?: string): boolean =>
      mayHave(state, caller, { subject: model.subject, kind, ...(method === undefined ? {} : { method }) })
    switch (operation.type) {
      case 'get': {
        if (!allowed('read')) return refuse('AccessDenied')
        return this.#get(model, selectors)
      }
      case 'enumerate':
        if (!allowed('read')) return refuse('AccessDenied')
        return this.#enumerate(model)
      case 'pull':
        return this.#pull(model, operation.context, operation.maxElements ?? Number.MAX_SAFE_INTEGER)
      case 'release':
        return this.#enumerations.delete(operation.context)
          ? { result: { type: 'release' } }
          : refuse('InvalidEnumerationContext')
      case 'put': {
        if (!allowed('write')) return refuse('AccessDenied')
        const { put } = model
        if (put === undefined) return refuse('ActionNotSupported')
        const instance = readInstance(model.cls, operation.instance)
        const refusal = this.#change(selectors, caller, aftermath, undefined, (call) => {
          const found = pick(model, viewOf(call), selectors)
          return found === undefined ? refuse('DestinationUnreachable') : put(call, instance, found)
        })
        return refusal ?? this.#echo(model, selectors)
      }
      case 'create': {
        if (!allowed('write')) return refuse('AccessDenied')
        const { create } = model
        if (create === undefined) return refuse('ActionNotSupported')
        const instance = readInstance(model.cls, operation.instance)
        const created = this.#change(selectors, caller, aftermath, undefined, (call) => create(call, instance))
        return isRefusal(created) ? created : { result: { type: 'create', created } }
      }
      case 'delete': {
        if (!allowed('write')) return refuse('AccessDenied')
        const remove = model.delete
        if (remove === undefined) return refuse('ActionNotSupported')
        // Without a key it would be whichever instance comes first.
        if (model.cls.keys.length > 0 && !model.cls.keys.some((key: string) => selectors[key] !== undefined))
          return refuse('InvalidSelectors')
        const refusal = this.#change(selectors, caller, aftermath, undefined, (call) => {
          const found = pick(model, viewOf(call), selectors)
          return found === undefined ? refuse('DestinationUnreachable') : remove(call, found)
        })
        return refusal ?? { result: { type: 'delete' } }
      }
      case 'invoke': {
        const { method } = operation
        const known = Object.hasOwn(model.methods ?? {}, method) && !this.#lacks('methods', model, method)
        const act = known ? model.methods?.[method] : undefined
        if (act === undefined) return refuse('ActionNotSupported')
        if (!allowed('write', method)) return refuse('AccessDenied')
        const input = readInput(model.cls, method, operation.input)
        const prepared = await model.prepare?.[method]?.(this.#device, input)
        const output = this.#change(selectors, caller, aftermath, prepared, (call) => {
          const found = pick(model, viewOf(call), selectors)
          // A class without an instance does not exist here, nor do its methods.
          return found === undefined ? refuse('DestinationUnreachable') : act(call, input, found)
        })
        if (isRefusal(output)) return output
        return { result: { type: 'invoke', method, output: printOutput(model.cls, method, output as object) } }
      }
      case 'other':
        return refuse('ActionNotSupported')
    }
  }

  #view(): View {
    return { state: this.#device.store.now, device: this.#device }
  }

  #get(model: ClassModel, selectors: Selectors): Outcome {
    const found = pick(model, this.#view(), selectors)
    if (found === undefined) return refuse('DestinationUnreachable')
    return { result: { type: 'get', instance: this.#print(model, found) } }
  }

  #echo(model: ClassModel, selectors: Selectors): Outcome {
    const found = pick(model, this.#view(), selectors)
    return {
      result: found === undefined ? { type: 'put' } : { type: 'put', instance: this.#print(model, found) },
    }
  }

  #enumerate(model: ClassModel): Outcome {
    const now = this.#device.clock.now()
    for (const [context, { until }] of this.#enumerations) if (until <= now) this.#enumerations.delete(context)
    const word = new Uint8Array(4)
    new DataView(word.buffer).setUint32(0, ++this.#contexts, true)
    const context = `${toHex(word).toUpperCase()}-0000-0000-0000-000000000000`
    this.#enumerations.set(context, { model, until: now + CONTEXT_LIFE, from: 0 })
    return { result: { type: 'enumerate', context } }
  }

  #pull(model: ClassModel, context: string, most: number): Outcome {
    const enumeration = this.#enumerations.get(context)
    if (enumeration === undefined || enumeration.model !== model || enumeration.until <= this.#device.clock.now())
      return refuse('InvalidEnumerationContext')
    const all = model.instances(this.#view())
    const page = all.slice(enumeration.from, enumeration.from + most)
    enumeration.from += page.length
    const end = enumeration.from >= all.length
    if (end) this.#enumerations.delete(context)
    const items = page.map((instance) => this.#print(model, instance))
    return { result: end ? { type: 'pull', items, end } : { type: 'pull', items, end, context } }
  }

  /** An instance without what this version of the firmware does not know yet. */
  #print(model: ClassModel, instance: object) {
    const cls = model.element ?? model.cls
    const known = Object.entries(instance).filter(([name]) => !this.#lacks('properties', model, name))
    return printInstance(cls, Object.fromEntries(known))
  }

  #lacks(what: 'properties' | 'methods', { cls }: ClassModel, name: string): boolean {
    const { withoutMethods, withoutProperties } = this.#device.quirks
    return (what === 'methods' ? withoutMethods : withoutProperties)[cls.name]?.includes(name) === true
  }

  // The one place where a call changes state: all of it, or nothing where it is refused or its method says no.
  #change<T>(selectors: Selectors, caller: Caller, aftermath: Aftermath, prepared: unknown, act: (call: Call) => T): T {
    const device = this.#device
    const committed: (() => void)[] = []
    const replied: (() => void)[] = []
    let restarts = false
    const outcome = device.store.change(
      (state: FlashState) =>
        act({
          state,
          device,
          caller,
          selectors,
          prepared,
          afterCommit: (then) => committed.push(then),
          restartStack: () => {
            restarts = true
          },
          afterReply: (then) => replied.push(then),
        }),
      succeeded,
    )
    if (succeeded(outcome)) {
      for (const then of committed) then()
      if (restarts) {
        aftermath.endsConnection = true
        replied.unshift(() => {
          device.volatile.localStackBackAt = device.clock.now() + device.timing.stackRestart
        })
      }
      // Last, since it may end the very tunnel the answer goes through.
      aftermath.afterReply.push(...replied, () => device.tunnel.reconsider())
    }
    return outcome
  }
}

const viewOf = ({ state, device }: Call): View => ({ state, device })

const pick = (model: ClassModel, view: View, selectors: Selectors) => select(model.instances(view), selectors)

const succeeded = (outcome: unknown): boolean => {
  if (isRefusal(outcome)) return false
  const returned = (outcome as { readonly ReturnValue?: number } | undefined)?.ReturnValue
  return returned === undefined || returned === 0
}
