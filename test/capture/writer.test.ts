/** What is written is what is read again, by us and by Wireshark's own reader; files appear whole or not at all. */

import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CaptureFile, OutputError, openCapture, sameFile } from '../../src/capture/files.ts';
import { CaptureError, CaptureReader, PcapWriter, PcapngWriter } from '../../src/index.ts';

interface Written {
  readonly interfaceId: number;
  readonly seconds: number;
  readonly nanoseconds: number;
  readonly data: Uint8Array;
  readonly originalLength: number;
  readonly comments: string[] | undefined;
}

const comment = fc.string({ unit: 'grapheme', maxLength: 20 }).filter((text) => !text.includes('\0'));

function packets(interfaces: number, withComments: boolean): fc.Arbitrary<Written[]> {
  const packet = fc
    .record({
      interfaceId: fc.nat(interfaces - 1),
      seconds: fc.integer({ min: 0, max: 0xffff_ffff }),
      nanoseconds: fc.integer({ min: 0, max: 999_999_999 }),
      data: fc.uint8Array({ maxLength: 100 }),
      cut: fc.nat(3),
      comments: withComments
        ? fc.option(fc.array(comment, { minLength: 1, maxLength: 3 }), { nil: undefined })
        : fc.constant(undefined),
    })
    .map(({ cut, ...rest }) => ({ ...rest, originalLength: rest.data.length + cut }));
  return fc.array(packet, { maxLength: 20 });
}

function readBack(bytes: Uint8Array): { records: Written[]; names: (string | undefined)[] } {
  const reader = new CaptureReader();
  reader.push(bytes);
  const records: Written[] = [];
  for (let record = reader.read(); record !== undefined; record = reader.read()) {
    const { offset: _, capturedLength, ...rest } = record;
    expect(capturedLength).toBe(rest.data.length);
    records.push({ ...rest, data: rest.data.slice() });
  }
  reader.end();
  return { records, names: reader.interfaces.map(({ name }) => name) };
}

describe('round trips', () => {
  it('pcapng: interfaces, nanoseconds, cut frames and comments', () => {
    fc.assert(
      fc.property(fc.array(comment, { minLength: 1, maxLength: 4 }), packets(1, true), (names, written) => {
        const writer = new PcapngWriter();
        for (const name of names) writer.addInterface({ name });
        for (const packet of written) writer.write(packet);
        expect(readBack(writer.take())).toEqual({ records: written, names });
      }),
    );
  });

  it('pcapng: an interface may come after packets', () => {
    const writer = new PcapngWriter();
    const packet = { seconds: 1, nanoseconds: 2, data: Uint8Array.of(1) };
    writer.write({ interfaceId: writer.addInterface({ name: 'a' }), ...packet });
    writer.write({ interfaceId: writer.addInterface({ name: 'b' }), ...packet });
    expect(readBack(writer.take()).records.map(({ interfaceId }) => interfaceId)).toEqual([0, 1]);
  });

  it('pcap: nanoseconds and cut frames', () => {
    fc.assert(
      fc.property(packets(1, false), (written) => {
        const writer = new PcapWriter({ nanoseconds: true });
        writer.addInterface({});
        for (const packet of written) writer.write(packet);
        expect(readBack(writer.take()).records).toEqual(written);
      }),
    );
  });

  it('pcap: microseconds lose what is below', () => {
    const writer = new PcapWriter({ nanoseconds: false });
    writer.addInterface({});
    writer.write({ interfaceId: 0, seconds: 5, nanoseconds: 123_456_789, data: Uint8Array.of(1) });
    expect(readBack(writer.take()).records).toMatchObject([{ seconds: 5, nanoseconds: 123_456_000 }]);
  });

  it('pcap: a second interface is refused', () => {
    const writer = new PcapWriter({ nanoseconds: true });
    writer.addInterface({});
    expect(() => writer.addInterface({})).toThrow(
      'pcap: expected one interface, got a second one; write pcapng',
    );
  });

  it('what was taken stays as it is while the next is written', () => {
    const writer = new PcapngWriter();
    writer.addInterface({});
    const first = writer.take();
    const copy = first.slice();
    for (let index = 0; index < 100; index++) {
      writer.write({
        interfaceId: 0,
        seconds: index,
        nanoseconds: 0,
        data: new Uint8Array(1000).fill(index),
      });
    }
    expect(first).toEqual(copy);
  });
});

describe('files', () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'netvirt-capture-'));
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  it('appear under their name when they are closed', async () => {
    const path = join(folder, 'whole.pcapng');
    const file = await CaptureFile.create(path);
    await file.write(Uint8Array.of(1, 2, 3));
    expect(existsSync(path)).toBe(false);
    await file.close();
    expect([...readFileSync(path)]).toEqual([1, 2, 3]);
    expect(readdirSync(folder)).toEqual(['whole.pcapng']);
  });

  it('leave nothing when they are given up', async () => {
    const file = await CaptureFile.create(join(folder, 'given-up.pcapng'));
    await file.write(Uint8Array.of(1));
    await file.abort();
    expect(readdirSync(folder).filter((name) => name.startsWith('given-up'))).toEqual([]);
  });

  it('a full disk is an OutputError with the reason', async () => {
    const file = await CaptureFile.create('/dev/full');
    await file.write(Uint8Array.of(1));
    const failure = file.close();
    await expect(failure).rejects.toThrow(OutputError);
    await expect(failure).rejects.toThrow('/dev/full: no space left on device');
  });

  it('a folder that is not there', async () => {
    await expect(CaptureFile.create(join(folder, 'no', 'x.pcap'))).rejects.toThrow(
      /no\/x\.pcap: no such file or directory$/,
    );
  });

  it('what cannot be read is a CaptureError with the reason', async () => {
    await expect(openCapture(join(folder, 'nothing.pcap'))).rejects.toThrow(
      /nothing\.pcap: no such file or directory$/,
    );
    await expect(openCapture(folder)).rejects.toThrow(/: expected a file, got a directory$/);
    await expect(openCapture(folder)).rejects.toBeInstanceOf(CaptureError);
  });

  it('are read in chunks that stay valid for one more', async () => {
    const path = join(folder, 'large');
    const content = new Uint8Array(3_500_000).map((_, index) => (index * 7) >>> 3);
    writeFileSync(path, content);
    const chunks: Uint8Array[] = [];
    let before: { chunk: Uint8Array; copy: Uint8Array } | undefined;
    for await (const chunk of (await openCapture(path)).chunks()) {
      if (before !== undefined) expect(Buffer.compare(before.chunk, before.copy)).toBe(0);
      before = { chunk, copy: chunk.slice() };
      chunks.push(before.copy);
    }
    expect(Buffer.compare(Buffer.concat(chunks), content)).toBe(0);
  });

  it('know whether two paths are one file', async () => {
    const path = join(folder, 'same');
    writeFileSync(path, '');
    expect(await sameFile(path, join(folder, '.', 'same'))).toBe(true);
    expect(await sameFile(path, join(folder, 'large'))).toBe(false);
    expect(await sameFile(path, join(folder, 'missing'))).toBe(false);
  });

  const hasCapinfos = spawnSync('capinfos', ['--version']).status === 0;
  it.skipIf(!hasCapinfos)(
    `capinfos reads ours${hasCapinfos ? '' : ' (skipped: capinfos is not installed)'}`,
    () => {
      const writer = new PcapngWriter();
      const id = writer.addInterface({ name: 'vm' });
      for (let index = 0; index < 3; index++) {
        writer.write({
          interfaceId: id,
          seconds: 1_700_000_000,
          nanoseconds: index,
          data: new Uint8Array(60),
          comments: ['c'],
        });
      }
      const path = join(folder, 'ours.pcapng');
      writeFileSync(path, writer.take());
      const printed = execFileSync('capinfos', ['-c', '-I', path], { encoding: 'utf8' });
      expect(printed).toContain('Number of packets:   3');
      expect(printed).toContain('Time resolution = 0x09');
    },
  );
});
