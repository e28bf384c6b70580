/**
 * What the live build and its host share beyond `layout.ts`: an area of the memory for each I/O thread, made by the host (`src/live`),
 * with tables that both fill. Offsets in bytes, integers little-endian.
 */

/** Ports that one thread can serve, one more than that: lane 0 is "nowhere". */
export const MOST_LANES = 1024;
/** Frames that are collected at once (`collect`); what a batch has beyond is collected afterwards. */
export const MOST_MESSAGES = 4096;

// The area of a thread.
/** u64: address of the WASM memory in the process. */
export const AREA_BASE = 0;
/** u32: lanes that `collect` found something for; their numbers, u32 each, at AREA_TOUCHED. */
export const AREA_TOUCHED_COUNT = 8;
export const AREA_TOUCHED = 64;
export const AREA_LANES = 8192;
/** u16 for each port of the dataplane: its lane. */
export const AREA_LANE_OF = 40960;
/** `struct mmsghdr` for each message, then `struct iovec` for each. */
export const AREA_MESSAGES = 172032;
export const AREA_VECTORS = 434176;
export const AREA_SIZE = 499712;

// A lane: where the frames of one port leave.
export const LANE_SIZE = 32;
/** u32: VNET_SIZE where a header goes before the frame, else 0. */
export const LANE_VNET = 0;
/** u32, of the last `collect`: first message, messages, bytes. */
export const LANE_FIRST = 4;
export const LANE_COUNT = 8;
export const LANE_BYTES = 12;

export const MESSAGE_SIZE = 64;
export const MESSAGE_VECTOR = 16;
export const MESSAGE_VECTORS = 24;
export const MESSAGE_CONTROL = 32;
export const MESSAGE_CONTROL_LENGTH = 40;
export const MESSAGE_FLAGS = 48;
export const MESSAGE_LENGTH = 56;
export const VECTOR_SIZE = 16;

// Chunks of a UMEM, one for all AF_XDP sockets of a thread.
/** u32: where the chunks begin, how many bytes one has (a power of two), how many there are. */
export const CHUNKS_START = 0;
export const CHUNKS_SIZE = 4;
export const CHUNKS_COUNT = 8;
/** u32: how many are free; their offsets in the UMEM stand from CHUNKS_FREE on, u32 each; behind those a byte of state for each. */
export const CHUNKS_FREE_COUNT = 12;
export const CHUNKS_FREE = 64;

// An AF_XDP socket: for each of its rings u32 addresses of producer, consumer and descriptors, and the number of entries less one.
export const XSK_RX = 0;
export const XSK_TX = 16;
export const XSK_FILL = 32;
export const XSK_COMPLETION = 48;
/** u32: number of the socket among those of its thread, from FIRST_OWNER to 255. */
export const XSK_OWNER = 64;
export const XSK_SIZE = 128;
export const FIRST_OWNER = 2;
