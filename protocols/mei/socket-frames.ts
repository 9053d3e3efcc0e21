import { blob, bytes, type Infer, struct, u8, u32be } from '../wire/index.ts'

/*
 * A simulated /dev/mei0 on a Unix socket. One socket connection is one open of the device, so it speaks to one
 * client of the engine. Everything is a frame: u32 length, big-endian, then that many bytes.
 *
 *   client → server   connect request: 16 bytes, the client's GUID in SMBIOS order, as the ioctl takes it
 *   server → client   connect answer:  u8 status, u32 longest message in bytes, u8 protocol version
 *   both              MEI messages, one per frame
 *
 * After a status other than 0 the server closes. The end of the socket later means the engine was reset.
 */

/** No MEI client of the field has longer messages than 8 KiB; this leaves room. */
export const MAX_MEI_MESSAGE_BYTES = 65_536

/** The frame around everything. */
export const meiFrame = struct({ content: blob(u32be, MAX_MEI_MESSAGE_BYTES) })

/** Contents of the first frame of each direction. */
export const meiConnectRequest = struct({ client: bytes(16) })
export const meiConnectAnswer = struct({ status: u8, maxMessageBytes: u32be, protocolVersion: u8 })
export type MeiConnectAnswer = Infer<typeof meiConnectAnswer>

/** What the ioctl would have failed with (reference/rpc.md 16.3, 12). */
export const meiConnectStatus = { ok: 0, EACCES: 13, EBUSY: 16, ENODEV: 19, ENOTTY: 25 } as const
