import { type Static, Type } from 'typebox'

export const dmManagerConfig = Type.Object(
  {
    parallel: Type.Integer({
      default: 256,
      minimum: 1,
      description: 'How many hosts are worked on at the same time.',
    }),
    leaseSeconds: Type.Integer({
      default: 30,
      minimum: 3,
      description: 'How long a host stays taken after whoever drives its operations died.',
    }),
    resyncSeconds: Type.Integer({
      default: 60,
      minimum: 1,
      description: 'How often unfinished operations nobody told of are looked for.',
    }),
    presenceGraceSeconds: Type.Integer({
      default: 30,
      minimum: 0,
      description: 'How long after a start devices have to dial again before they count as not connected.',
    }),
    heartbeatSeconds: Type.Integer({
      default: 30,
      minimum: 1,
      description: 'How often an agent that waits for orders gets a sign of life.',
    }),
    softOffSeconds: Type.Integer({
      default: 30,
      minimum: 1,
      description: 'How long an operating system has to shut down before an ordered power off is done hard.',
    }),
    policyLookSeconds: Type.Integer({
      default: 20,
      minimum: 1,
      description: 'How often the power of a machine is read that its policy keeps on.',
    }),
    mpsHostnames: Type.Array(Type.String(), {
      default: [],
      description:
        'Names and addresses devices know our MPS by. A device connected elsewhere is refused by name; empty: nobody is.',
    }),
  },
  { additionalProperties: false },
)

export type DmManagerConfig = Static<typeof dmManagerConfig>

export const dmManagerDefaults: DmManagerConfig = {
  parallel: 256,
  leaseSeconds: 30,
  resyncSeconds: 60,
  presenceGraceSeconds: 30,
  heartbeatSeconds: 30,
  softOffSeconds: 30,
  policyLookSeconds: 20,
  mpsHostnames: [],
}
