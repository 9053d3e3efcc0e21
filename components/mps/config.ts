import { type Static, Type } from 'typebox'

/** Configuration of MPS. */
export const mpsConfig = Type.Object({
  instance: Type.String({ description: 'Name of this instance among several' }),
  handshakes: Type.Integer({ default: 32, minimum: 1, description: 'TLS handshakes at a time; further devices wait' }),
  handshakeBacklog: Type.Integer({
    default: 20_000,
    minimum: 1,
    description: 'Devices that may wait for their handshake; beyond it they are turned away',
  }),
  handshakeSeconds: Type.Number({ default: 10, description: 'Longest TLS handshake, in seconds' }),
  connectionsPerAddress: Type.Integer({
    default: 0,
    minimum: 0,
    description:
      'Connections one address may have before they are authenticated; 0 = no limit (many sites sit behind one address)',
  }),
  wsmanSeconds: Type.Number({ default: 15, description: 'Longest wait for one answer of a device, in seconds' }),
  flushSeconds: Type.Number({ default: 5, description: 'Seconds between two writes of what was seen to the database' }),
})

export type MpsConfig = Static<typeof mpsConfig>
