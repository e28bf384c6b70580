/** Copies of frames: into Node's pool, as tens of thousands of small buffers of their own cost more than the traffic. */

export const copyOf: (bytes: Uint8Array) => Uint8Array =
  typeof Buffer === 'undefined' ? (bytes) => bytes.slice() : (bytes) => Buffer.from(bytes);
