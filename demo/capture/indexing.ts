/** The first look at a capture: where its packets are, how long, and when. */

import { CaptureIndex, LINKTYPE_ETHERNET, linkTypeName } from 'netvirt/core';
import type { Indexed } from './messages.ts';
import { pause, readChunks } from './reading.ts';
import { TimelineBins } from './timeline.ts';

/** Packets that a page has memory for: 48 bytes each. */
export const MOST_PACKETS = 20_000_000;

export interface IndexingOptions {
  readonly signal: AbortSignal;
  readonly onProgress: (bytes: number, packets: number) => void;
  /** Packets that are taken. */
  readonly most?: number;
}

/** @throws what is wrong with the file, where there is nothing to show of it. */
export async function indexCapture(
  file: File,
  { signal, onProgress, most = MOST_PACKETS }: IndexingOptions,
): Promise<{ index: CaptureIndex; indexed: Indexed }> {
  const begun = performance.now();
  const index = new CaptureIndex(file.name, file.size);
  const timeline = new TimelineBins();
  let [read, packets, bytes] = [0, 0, 0];
  /** Takes what is new in the index. */
  const take = () => {
    const { times, originalLengths, interfaceIds } = index.columns();
    const end = Math.min(index.length, most);
    for (; packets < end; packets++) {
      const { linkType } = index.interfaces[interfaceIds[packets]!]!;
      if (linkType !== LINKTYPE_ETHERNET)
        throw new RangeError(`${file.name}: expected Ethernet, got ${linkTypeName(linkType)}`);
      timeline.add(undefined, times[packets]!, originalLengths[packets]!);
      bytes += originalLengths[packets]!;
    }
    if (index.length > most)
      throw new RangeError(
        `${file.name}: more than ${most.toLocaleString('en')} packets, which is what a page can hold`,
      );
  };
  let fault: string | undefined;
  try {
    for await (const chunk of readChunks(file, signal)) {
      read += chunk.length;
      try {
        index.push(chunk);
      } finally {
        take();
      }
      onProgress(read, packets);
      await pause();
    }
    index.end();
  } catch (error) {
    signal.throwIfAborted();
    // Nothing was a packet: there is nothing to show.
    if (packets === 0) throw error;
    fault = error instanceof Error ? error.message : String(error);
  }
  const milliseconds = performance.now() - begun;
  return { index, indexed: { packets, bytes, read, timeline: timeline.result(), fault, milliseconds } };
}
