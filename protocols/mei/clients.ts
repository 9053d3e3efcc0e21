import { type Guid, guid } from '../values/index.ts'

/**
 * Clients of the management engine, by the GUID a connect names (reference/rpc.md 16.2). On the wire these
 * are 16 bytes in SMBIOS order: `guidToSmbios`.
 */
export const meiClients = {
  /** AMT host interface, "PTHI": one request, one response. */
  amthi: guid('12f80028-b4b7-4b2d-aca8-46e0ff65814c'),
  /** Local manageability engine: APF, one APF message per MEI message; one connection at a time. */
  lme: guid('6733a4db-0476-4e7b-b3af-bcfc29bee7a7'),
  /** Watchdog, "state independence": whether AMT is enabled in BIOS and may be switched. */
  watchdog: guid('05b79a6f-4628-4d7f-899d-a91514cb32ab'),
  upid: guid('92136c79-5fea-4cfd-980e-23be07fa5e9f'),
  /** Flash log. */
  hotham: guid('082ee5a7-7c25-470a-9643-0c06f0466ea1'),
  mkhi: guid('8e6a6715-9abc-4043-88ef-9e39c6f63e0f'),
} as const satisfies Record<string, Guid>

export type MeiClient = keyof typeof meiClients

/** The name of a client GUID; `undefined` where it is none we know. */
export const meiClientName = (client: Guid): MeiClient | undefined =>
  (Object.keys(meiClients) as MeiClient[]).find((name) => meiClients[name] === client)
