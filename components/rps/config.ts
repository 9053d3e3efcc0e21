import { type Static, Type } from 'typebox'

/** Configuration of RPS. */
export const rpsConfig = Type.Object({
  /** Admits plain profile names without a ticket, into one project. Legacy clients and load tests only. */
  openMode: Type.Boolean({
    default: false,
    description: 'Admit plain profile names without a ticket (off: nobody is admitted without one)',
  }),
  /** Where devices dial home, as the default CIRA config of each project says. */
  ciraAddress: Type.String({ description: 'Name or address of MPS as devices reach it' }),
  ciraPort: Type.Integer({ default: 4433, minimum: 1, maximum: 65535, description: 'Port of MPS as devices reach it' }),
  answerSeconds: Type.Number({ default: 20, description: 'Longest wait for one answer of a device, in seconds' }),
  sessionSeconds: Type.Number({ default: 600, description: 'Longest provisioning session, in seconds' }),
  firstMessageSeconds: Type.Number({ default: 15, description: 'Longest wait for the first message, in seconds' }),
})

export type RpsConfig = Static<typeof rpsConfig>
