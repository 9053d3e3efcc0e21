import type {
  AnyCimClass,
  EndpointReference,
  InputOf,
  InstanceOf,
  MethodOf,
  OutputOf,
  Selectors,
} from '@outrider/protocols/wsman'
import type { Device } from '../device.ts'
import type { FlashState } from '../state/flash-state.ts'

/** Who is asking: an account, and the way it came. */
export interface Caller {
  readonly user: string
  readonly way: 'local' | 'tunnel'
  /** Whether it came over TLS with the provisioning certificate that was announced. */
  readonly pinned?: boolean
}

/** Why a WS-MAN call is answered with a SOAP fault (amt-firmware.md 6.5). */
export type Refusal = {
  readonly refusal:
    | 'DestinationUnreachable'
    | 'ActionNotSupported'
    | 'InvalidSelectors'
    | 'AccessDenied'
    | 'AlreadyExists'
    | 'InvalidRepresentation'
    | 'QuotaLimit'
    | 'InternalError'
    | 'InvalidEnumerationContext'
}
export const refuse = (refusal: Refusal['refusal']): Refusal => ({ refusal })
export const isRefusal = (value: unknown): value is Refusal =>
  typeof value === 'object' && value !== null && 'refusal' in value

/** What a class reads its instances from. */
export interface View {
  readonly state: Readonly<FlashState>
  readonly device: Device
}

/** One call that may change something. Changes of `state` count only if the call is not refused. */
export interface Call {
  readonly state: FlashState
  readonly device: Device
  readonly caller: Caller
  readonly selectors: Selectors
  /** What `prepare` made for this call. */
  readonly prepared: unknown
  /** Runs `act` once the changes are in flash, before the answer is written. */
  afterCommit(act: () => void): void
  /** The stack restarts: the connection ends with the answer, and new ones are refused for a while. */
  restartStack(): void
  /** Runs `act` once the answer is written; for whatever ends the connection it is written on. */
  afterReply(act: () => void): void
}

type Methods<C extends AnyCimClass> = {
  readonly [N in MethodOf<C>]?: (
    call: Call,
    input: InputOf<C, N>,
    found: InstanceOf<C> | undefined,
  ) => OutputOf<C, N> | Refusal
}

/** How one class of this firmware behaves. */
export interface ClassBody<C extends AnyCimClass> {
  /** Its instances now, in the order a pull lists them. None: the class answers as if it did not exist. */
  readonly instances: (view: View) => readonly InstanceOf<C>[]
  /** The class whose element name instances carry, where that is a subclass (association superclasses). */
  readonly element?: AnyCimClass
  readonly put?: (call: Call, instance: InstanceOf<C>, found: InstanceOf<C>) => Refusal | undefined
  readonly create?: (call: Call, instance: InstanceOf<C>) => EndpointReference | Refusal
  readonly delete?: (call: Call, found: InstanceOf<C>) => Refusal | undefined
  /** Slow work before a method runs (key generation), while the state may still change. */
  readonly prepare?: { readonly [N in MethodOf<C>]?: (device: Device, input: InputOf<C, N>) => Promise<unknown> }
  readonly methods?: Methods<C>
  /** Subject of the rights table. */
  readonly subject: Subject
}

/** What an account needs rights for. */
export type Subject = 'general' | 'setup' | 'power' | 'redirection' | 'remoteAccess' | 'security'

/** A class body with its types erased: the engine looks it up by resource URI. */
export interface ClassModel extends ClassBody<AnyCimClass> {
  readonly cls: AnyCimClass
}

export const classModel = <C extends AnyCimClass>(cls: C, body: ClassBody<C>): ClassModel => ({
  ...(body as unknown as ClassBody<AnyCimClass>),
  cls,
})

/** Success of a method that has no other out parameters, or a PT_STATUS. */
export const returns = (ReturnValue: number): { readonly ReturnValue: number } => ({ ReturnValue })
