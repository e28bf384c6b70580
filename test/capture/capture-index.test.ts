/** The index says of every frame what the reader says, and ends with the same words where a capture is wrong or cut. */

import { describe, expect, it } from 'vitest';
import { CaptureError, CaptureIndex, CaptureReader } from '../../src/index.ts';
import {
  enhancedPacket,
  interfaceBlock,
  obsoletePacket,
  option,
  order,
  pcap,
  section,
  simplePacket,
  text,
} from './captures.ts';

interface Entry {
  readonly offset: number;
  readonly captured: number;
  readonly original: number;
  readonly time: number;
  readonly interfaceId: number;
}

interface Result {
  readonly entries: readonly Entry[];
  readonly names: readonly (string | undefined)[];
  readonly error: string | undefined;
}

/** Pushes `bytes` in chunks. @returns the message of the error that ended it. */
function feed(
  bytes: Uint8Array,
  chunk: number,
  push: (chunk: Uint8Array) => void,
  end: () => void,
): string | undefined {
  try {
    for (let at = 0; at < bytes.length; at += chunk) push(bytes.slice(at, at + chunk));
    end();
    return undefined;
  } catch (error) {
    if (!(error instanceof CaptureError)) throw error;
    return error.message;
  }
}

function indexed(bytes: Uint8Array, chunk = bytes.length, size?: number): Result & { index: CaptureIndex } {
  const index = new CaptureIndex('x.pcap', size);
  const error = feed(
    bytes,
    Math.max(chunk, 1),
    (part) => {
      index.push(part);
    },
    () => {
      index.end();
    },
  );
  const { offsets, capturedLengths, originalLengths, times, interfaceIds } = index.columns();
  const entries = Array.from(offsets, (offset, at) => ({
    offset,
    captured: capturedLengths[at]!,
    original: originalLengths[at]!,
    time: times[at]!,
    interfaceId: interfaceIds[at]!,
  }));
  expect(entries).toHaveLength(index.length);
  return { index, entries, names: index.interfaces.map(({ name }) => name), error };
}

/** The same by the reader, whose frames are where it says that they are. */
function read(bytes: Uint8Array): Result {
  const reader = new CaptureReader('x.pcap');
  const entries: Entry[] = [];
  let start: { seconds: number; nanoseconds: number } | undefined;
  const error = feed(
    bytes,
    Math.max(bytes.length, 1),
    (chunk) => {
      reader.push(chunk);
      for (let record = reader.read(); record !== undefined; record = reader.read()) {
        const { offset, data, originalLength, seconds, nanoseconds, interfaceId } = record;
        expect(record.capturedLength).toBe(data.length);
        expect(data).toEqual(bytes.slice(offset, offset + data.length));
        start ??= { seconds, nanoseconds };
        const time = seconds - start.seconds + (nanoseconds - start.nanoseconds) / 1e9;
        entries.push({ offset, captured: data.length, original: originalLength, time, interfaceId });
      }
    },
    () => {
      reader.end();
    },
  );
  return { entries, names: reader.interfaces.map(({ name }) => name), error };
}

const SAMPLES = [order(false), order(true)].flatMap((bytes) => {
  const other = order(!bytes.littleEndian);
  const name = bytes.littleEndian ? 'little-endian' : 'big-endian';
  const records = [
    { seconds: 1_700_000_000, fraction: 999_999, data: [1, 2, 3, 4, 5] },
    { seconds: 1_700_000_001, fraction: 1, data: [6, 7], originalLength: 1500 },
    { seconds: 1_700_000_000, fraction: 0, data: [] },
  ];
  return [
    { name: `pcap, microseconds, ${name}`, bytes: pcap(bytes, records) },
    { name: `pcap, nanoseconds, ${name}`, bytes: pcap(bytes, records, { magic: 0xa1b23c4d }) },
    { name: `pcap with check sequences, ${name}`, bytes: pcap(bytes, records, { linkType: 0x2400_0001 }) },
    {
      name: `pcapng, several interfaces and sections, ${name}`,
      bytes: Uint8Array.from([
        ...section(bytes),
        ...interfaceBlock(bytes, option(bytes, 2, text('eth0'))),
        ...interfaceBlock(bytes, [...option(bytes, 2, text('eth1')), ...option(bytes, 9, [9])], 1, 4),
        ...enhancedPacket(bytes, { ticks: 5_000_000n, data: [1, 2, 3] }),
        ...enhancedPacket(bytes, {
          interfaceId: 1,
          ticks: 5_000_000_007n,
          data: [4],
          originalLength: 60,
          options: option(bytes, 1, text('a comment')),
        }),
        ...obsoletePacket(bytes, 1, 6_000_000_000n, [5, 6]),
        ...section(other),
        ...interfaceBlock(other, [], 101),
        ...enhancedPacket(other, { ticks: 8_000_000n, data: [7, 8, 9, 10] }),
        ...simplePacket(other, [11]),
      ]),
    },
  ];
});

describe.each(SAMPLES)('$name', ({ bytes }) => {
  const whole = read(bytes);

  it('is indexed as it is read, in chunks of any size', () => {
    expect(whole.error).toBeUndefined();
    expect(whole.entries.length).toBeGreaterThan(2);
    for (const chunk of [1, 2, 3, 7, 16, 50, bytes.length]) {
      const { entries, names, error } = indexed(bytes, chunk);
      expect({ entries, names, error }).toEqual(whole);
    }
  });

  it('is cut at any byte: the same frames before, the same words about it', () => {
    for (let length = 0; length < bytes.length; length++) {
      const cut = bytes.slice(0, length);
      const { entries, error } = indexed(cut, 11);
      const expected = read(cut);
      expect(error).toBe(expected.error);
      expect(entries).toEqual(expected.entries);
    }
  });
});

describe('the index', () => {
  const LITTLE = order(true);
  const record = { seconds: 7, fraction: 3, data: [1, 2, 3, 4] };

  it('knows when the capture began and how much was on the wire', () => {
    const { index } = indexed(pcap(LITTLE, [record, { ...record, originalLength: 100 }]));
    expect(index.start).toEqual({ seconds: 7, nanoseconds: 3000 });
    expect(index.bytes).toBe(104);
    expect(new CaptureIndex().start).toBeUndefined();
  });

  it('keeps the frames before a fault', () => {
    const { entries, error } = indexed(pcap(LITTLE, [record, { ...record, originalLength: 3 }]));
    expect(entries).toHaveLength(1);
    expect(error).toBe(
      'x.pcap: record 2 at byte 44: expected a captured length up to the original length 3, got 4',
    );
  });

  it.each([undefined, 1, 1e12])('grows as it has to, told that the capture has %s bytes', (size) => {
    const records = Array.from({ length: 40_000 }, (_, seconds) => ({ seconds, fraction: 0, data: [1] }));
    const { entries } = indexed(pcap(LITTLE, records), 1 << 16, size);
    expect(entries).toHaveLength(records.length);
    expect(entries.every(({ offset, time }, at) => offset === 24 + 17 * at + 16 && time === at)).toBe(true);
  });
});
