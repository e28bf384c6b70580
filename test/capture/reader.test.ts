/** The reader on captures built by hand: both formats, both byte orders, any chunking, and everything that can be wrong. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CaptureError, CaptureReader, type CaptureRecord } from '../../src/index.ts';
import {
  block,
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

interface Result {
  readonly reader: CaptureReader;
  readonly records: CaptureRecord[];
  readonly error: string | undefined;
}

function readAll(bytes: Uint8Array, chunk = bytes.length): Result {
  const reader = new CaptureReader('x.pcap');
  const records: CaptureRecord[] = [];
  try {
    for (let at = 0; at < bytes.length; at += Math.max(chunk, 1)) {
      reader.push(bytes.slice(at, at + Math.max(chunk, 1)));
      for (let record = reader.read(); record !== undefined; record = reader.read()) {
        records.push({ ...record, data: record.data.slice() });
      }
    }
    reader.end();
    return { reader, records, error: undefined };
  } catch (error) {
    if (!(error instanceof CaptureError)) throw error;
    return { reader, records, error: error.message };
  }
}

const BIG = order(false);
const LITTLE = order(true);
const ORDERS = [
  { name: 'big-endian', bytes: BIG },
  { name: 'little-endian', bytes: LITTLE },
];

describe.each(ORDERS)('pcap, $name', ({ bytes }) => {
  it('microseconds', () => {
    const { reader, records, error } = readAll(
      pcap(bytes, [
        { seconds: 1_700_000_000, fraction: 999_999, data: [1, 2, 3] },
        { seconds: 0xffff_ffff, fraction: 0, data: [], originalLength: 99 },
      ]),
    );
    expect(error).toBeUndefined();
    expect(reader.format).toBe('pcap');
    expect(records).toMatchObject([
      { seconds: 1_700_000_000, nanoseconds: 999_999_000, originalLength: 3, interfaceId: 0 },
      { seconds: 0xffff_ffff, nanoseconds: 0, originalLength: 99 },
    ]);
    expect([...records[0]!.data]).toEqual([1, 2, 3]);
    expect(records[1]!.data).toHaveLength(0);
  });

  it('nanoseconds', () => {
    const { records } = readAll(
      pcap(bytes, [{ seconds: 1, fraction: 999_999_999, data: [7] }], { magic: 0xa1b23c4d }),
    );
    expect(records).toMatchObject([{ seconds: 1, nanoseconds: 999_999_999 }]);
  });

  it('takes a frame check sequence off', () => {
    const withFcs = pcap(bytes, [{ seconds: 0, fraction: 0, data: [1, 2, 3, 4, 5, 6] }], {
      linkType: 0x2400_0001,
    });
    const { reader, records } = readAll(withFcs);
    expect(reader.interfaces).toMatchObject([{ linkType: 1, fcsLength: 4 }]);
    expect([...records[0]!.data]).toEqual([1, 2]);
    expect(records[0]!.originalLength).toBe(2);
  });
});

describe.each(ORDERS)('pcapng, $name', ({ bytes }) => {
  const one = (options: number[] = []) => [...section(bytes), ...interfaceBlock(bytes, options)];

  it('names, descriptions and comments', () => {
    const options = [...option(bytes, 2, text('tap0')), ...option(bytes, 3, text('größe'))];
    const comments = [
      ...option(bytes, 1, text('first')),
      ...option(bytes, 99, [1]),
      ...option(bytes, 1, text('second')),
    ];
    const { reader, records } = readAll(
      Uint8Array.from([...one(options), ...enhancedPacket(bytes, { data: [1, 2, 3], options: comments })]),
    );
    expect(reader.interfaces).toMatchObject([{ name: 'tap0', description: 'größe' }]);
    expect(records).toMatchObject([{ comments: ['first', 'second'] }]);
  });

  it.each([
    { resolution: 6, ticks: 1_700_000_000_123_456n, seconds: 1_700_000_000, nanoseconds: 123_456_000 },
    { resolution: 9, ticks: 1_700_000_000_123_456_789n, seconds: 1_700_000_000, nanoseconds: 123_456_789 },
    { resolution: 9, ticks: 511n, seconds: 0, nanoseconds: 511 },
    { resolution: 3, ticks: 1_500n, seconds: 1, nanoseconds: 500_000_000 },
    { resolution: 0, ticks: 77n, seconds: 77, nanoseconds: 0 },
    { resolution: 12, ticks: 1_000_000_000_999n, seconds: 1, nanoseconds: 0 },
    { resolution: 0x80 + 10, ticks: 1024n + 512n, seconds: 1, nanoseconds: 500_000_000 },
  ])('resolution $resolution: $ticks ticks', ({ resolution, ticks, seconds, nanoseconds }) => {
    const { records } = readAll(
      Uint8Array.from([
        ...one(option(bytes, 9, [resolution])),
        ...enhancedPacket(bytes, { ticks, data: [1] }),
      ]),
    );
    expect(records).toMatchObject([{ seconds, nanoseconds }]);
  });

  it('adds if_tsoffset', () => {
    const eight = bytes.littleEndian
      ? [...bytes.u32(100), ...bytes.u32(0)]
      : [...bytes.u32(0), ...bytes.u32(100)];
    const { records } = readAll(
      Uint8Array.from([
        ...one(option(bytes, 14, eight)),
        ...enhancedPacket(bytes, { ticks: 5_000_000n, data: [1] }),
      ]),
    );
    expect(records).toMatchObject([{ seconds: 105, nanoseconds: 0 }]);
  });

  it('simple and obsolete packet blocks, unknown blocks', () => {
    const { records, error } = readAll(
      Uint8Array.from([
        ...section(bytes),
        ...interfaceBlock(bytes, [], 1, 4),
        ...block(bytes, 0x0bad, [1, 2, 3, 4]),
        ...simplePacket(bytes, [1, 2, 3, 4], 60),
        ...obsoletePacket(bytes, 0, 3_000_000n, [5, 6]),
      ]),
    );
    expect(error).toBeUndefined();
    expect(records.map(({ data, originalLength, seconds }) => [[...data], originalLength, seconds])).toEqual([
      [[1, 2, 3, 4], 60, 0],
      [[5, 6], 2, 3],
    ]);
  });

  it('a later section has its own byte order and counts its interfaces from 0', () => {
    const other = order(!bytes.littleEndian);
    const { reader, records } = readAll(
      Uint8Array.from([
        ...one(option(bytes, 2, text('a'))),
        ...enhancedPacket(bytes, { data: [1] }),
        ...section(other),
        ...interfaceBlock(other, option(other, 2, text('b')), 101),
        ...enhancedPacket(other, { data: [2] }),
      ]),
    );
    expect(reader.interfaces.map(({ name, linkType }) => [name, linkType])).toEqual([
      ['a', 1],
      ['b', 101],
    ]);
    expect(records.map(({ interfaceId }) => interfaceId)).toEqual([0, 1]);
  });
});

describe('what is wrong is said with its place', () => {
  const record = { seconds: 0, fraction: 0, data: [1, 2, 3, 4] };
  const ng = (...blocks: number[][]) =>
    Uint8Array.from([...section(LITTLE), ...interfaceBlock(LITTLE), ...blocks.flat()]);
  const packet = (options: object) => enhancedPacket(LITTLE, { data: [1, 2, 3, 4], ...options });

  it.each([
    ['an empty file', new Uint8Array(0), 'x.pcap: expected a capture, got an empty file'],
    ['three bytes', Uint8Array.of(1, 2, 3), 'x.pcap: expected a capture, got 3 bytes'],
    [
      'text',
      Uint8Array.from(text('hello world')),
      'x.pcap: expected a pcap or pcapng capture, got a file that begins with 68656c6c',
    ],
    [
      'gzip',
      Uint8Array.of(0x1f, 0x8b, 8, 0, 0),
      'x.pcap: expected a pcap or pcapng capture, got a gzip-compressed file: decompress it first',
    ],
    [
      'a pcap of another version',
      pcap(LITTLE, [], { major: 3 }),
      'x.pcap: header at byte 4: expected pcap version 2, got 3',
    ],
    ['half a pcap header', pcap(LITTLE, []).slice(0, 20), 'x.pcap: expected a capture, got 20 bytes'],
    [
      'a captured length above the original one',
      pcap(LITTLE, [record, { ...record, originalLength: 3 }]),
      'x.pcap: record 2 at byte 44: expected a captured length up to the original length 3, got 4',
    ],
    [
      'an absurd record length',
      pcap(LITTLE, [{ ...record, capturedLength: 0x7fff_ffff, originalLength: 0x7fff_ffff }]),
      'x.pcap: record 1 at byte 24: expected a captured length up to 67108864, got 2147483647',
    ],
    [
      'a record cut short',
      pcap(LITTLE, [record, record]).slice(0, -1),
      'x.pcap: record 2 at byte 44: cut short, only 19 bytes are there',
    ],
    [
      'a pcapng of another version',
      Uint8Array.from(section(LITTLE, 2)),
      'x.pcap: record 1 at byte 0: expected pcapng version 1, got 2',
    ],
    [
      'a block length that is no multiple of four',
      ng([...LITTLE.u32(6), ...LITTLE.u32(33), ...Array<number>(40).fill(0)]),
      'x.pcap: record 1 at byte 48: expected a block length that is a multiple of 4 from 12 to 67108864, got 33',
    ],
    [
      'a block that does not end in its length',
      ng(packet({}).slice(0, -4), LITTLE.u32(99)),
      'x.pcap: record 1 at byte 48: expected the block to end in its length 36, got 99',
    ],
    [
      'an interface that was not described',
      ng(packet({ interfaceId: 1 })),
      'x.pcap: record 1 at byte 48: expected an interface that was described before, got interface 1',
    ],
    [
      'a packet longer than its block',
      ng(packet({ capturedLength: 5, originalLength: 5 })),
      "x.pcap: record 1 at byte 48: expected a captured length up to the block's 4 bytes, got 5",
    ],
    [
      'an option longer than its block',
      ng(packet({ options: [1, 0, 99, 0, 0, 0, 0, 0] })),
      'x.pcap: record 1 at byte 48: expected an option of up to 8 bytes, got 99',
    ],
    [
      'another byte-order magic',
      Uint8Array.from([0x0a, 0x0d, 0x0d, 0x0a, 28, 0, 0, 0, 1, 2, 3, 4, ...Array<number>(16).fill(0)]),
      'x.pcap: record 1 at byte 0: expected the byte-order magic 1a2b3c4d, got 01020304',
    ],
  ])('%s', (_name, bytes, message) => {
    expect(readAll(bytes).error).toBe(message);
    expect(readAll(bytes, 1).error).toBe(message);
  });

  it('what stands before the fault has been read', () => {
    expect(readAll(pcap(LITTLE, [record, { ...record, originalLength: 3 }])).records).toHaveLength(1);
  });
});

describe('whatever the bytes', () => {
  const SAMPLES = ORDERS.flatMap(({ bytes }) => [
    pcap(bytes, [
      { seconds: 1, fraction: 2, data: [1, 2, 3, 4, 5] },
      { seconds: 3, fraction: 4, data: [6, 7], originalLength: 9 },
    ]),
    Uint8Array.from([
      ...section(bytes),
      ...interfaceBlock(bytes, [...option(bytes, 2, text('eth0')), ...option(bytes, 9, [9])]),
      ...enhancedPacket(bytes, {
        ticks: 12_345_678_901n,
        data: [1, 2, 3],
        options: option(bytes, 1, text('hi')),
      }),
      ...simplePacket(bytes, [9, 9, 9]),
    ]),
  ]);

  it('every chunking gives the same records', () => {
    for (const sample of SAMPLES) {
      const whole = readAll(sample);
      expect(whole.error).toBeUndefined();
      expect(whole.records).toHaveLength(2);
      for (let chunk = 1; chunk < sample.length; chunk++)
        expect(readAll(sample, chunk).records).toEqual(whole.records);
    }
  });

  it('cut at any byte: the records before it, then an error or a clean end', () => {
    for (const sample of SAMPLES) {
      const whole = readAll(sample);
      for (let length = 0; length < sample.length; length++) {
        const cut = readAll(sample.slice(0, length));
        expect(whole.records.slice(0, cut.records.length)).toEqual(cut.records);
      }
    }
  });

  it('changed anywhere: records or a CaptureError, nothing else', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...SAMPLES),
        fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 6 }),
        fc.integer({ min: 1, max: 64 }),
        (sample, changes, chunk) => {
          const bytes = sample.slice();
          for (const [at, value] of changes) bytes[at % bytes.length] = value;
          for (const { data, originalLength } of readAll(bytes, chunk).records) {
            expect(data.length).toBeLessThanOrEqual(originalLength);
          }
        },
      ),
      { numRuns: 3000 },
    );
  });
});
