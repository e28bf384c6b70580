/** The bytes of a file, from front to back, while the one who uses them works. */

/** Bytes of one read at most. */
const CHUNK = 1 << 20;

/**
 * Chunks of the file, each valid until the second next one; the next is read meanwhile.
 * @throws what the signal was aborted with.
 */
export async function* readChunks(file: Blob, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
  const reader = byteReader(file);
  try {
    let ahead = reader.read();
    for (;;) {
      const chunk = await ahead;
      signal?.throwIfAborted();
      if (chunk === undefined) return;
      ahead = reader.read();
      // Whoever stops early never awaits it: its failure is then nobody's.
      ahead.catch(() => undefined);
      yield chunk;
    }
  } finally {
    reader.cancel();
  }
}

interface ByteReader {
  /** The next bytes; undefined at the end. */
  read(): Promise<Uint8Array | undefined>;
  cancel(): void;
}

function byteReader(file: Blob): ByteReader {
  const stream = file.stream();
  try {
    return ownBuffers(stream.getReader({ mode: 'byob' }));
  } catch {
    // This browser's files fill no buffers of ours.
    const reader = stream.getReader();
    return {
      read: async () => (await reader.read()).value,
      cancel: () => void reader.cancel().catch(() => undefined),
    };
  }
}

/** Several times as fast as slices of the file: nothing is made per read. */
function ownBuffers(reader: ReadableStreamBYOBReader): ByteReader {
  // Three take turns: one is used, one holds the rest of the chunk before, one is being filled.
  const buffers = [new ArrayBuffer(CHUNK), new ArrayBuffer(CHUNK), new ArrayBuffer(CHUNK)];
  let turn = 0;
  return {
    read: async () => {
      const own = turn++ % buffers.length;
      const { done, value } = await reader.read(new Uint8Array(buffers[own]!));
      // The stream gives the buffer back as another object.
      if (value !== undefined) buffers[own] = value.buffer;
      return done ? undefined : value;
    },
    cancel: () => void reader.cancel().catch(() => undefined),
  };
}

const channel = new MessageChannel();
const waiting: (() => void)[] = [];
channel.port1.onmessage = () => waiting.shift()?.();

/** Lets messages that have arrived be handled, and goes on; a timer of 0 milliseconds would wait for four. */
export function pause(milliseconds = 0): Promise<void> {
  return new Promise((resolve) => {
    if (milliseconds > 0) {
      setTimeout(resolve, milliseconds);
      return;
    }
    waiting.push(resolve);
    channel.port2.postMessage(undefined);
  });
}
