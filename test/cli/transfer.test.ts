/** `encap` and `decap`: a batch is never so large that its own copies and pieces have no room. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openInput } from '../../src/cli/capture-input.ts';
import { fromUplink } from '../../src/cli/decap.ts';
import { fromVms } from '../../src/cli/encap.ts';
import { createDataplane } from '../../src/cli/names.ts';
import { transfer } from '../../src/cli/transfer.ts';
import { parsePolicy } from '../../src/index.ts';
import { ethernet, ipv4, nvgre, pattern, udp } from '../packets/index.ts';

const LOCALS = 60;
const PACKETS = 2000;
const mac = (number: number) => `02:15:5d:00:00:${number.toString(16).padStart(2, '0')}`;

/** VM 1 is alone on h1; the others are on h2. */
const POLICY = parsePolicy(
  JSON.stringify({
    version: 1,
    provider: { floodLimit: 100_000 },
    hosts: ['h1', 'h2'].map((name, index) => ({
      name,
      addresses: [`192.168.0.${index + 1}/24`],
      mac: `02:00:00:00:00:0${index + 1}`,
    })),
    customers: [
      {
        name: 'c',
        routingDomains: [
          {
            name: 'd',
            subnets: [{ vsid: 5001, prefixes: ['10.0.0.0/24'] }],
            endpoints: Array.from({ length: LOCALS + 1 }, (_, index) => ({
              name: `e${index + 1}`,
              vsid: 5001,
              mac: mac(index + 1),
              addresses: [`10.0.0.${index + 1}`],
              host: index === 0 ? 'h1' : 'h2',
            })),
          },
        ],
      },
    ],
  }),
);

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'netvirt-'));
});
afterAll(() => rm(directory, { recursive: true }));

/** A capture of one frame, many times. */
async function capture(name: string, frame: Uint8Array): Promise<string> {
  const header = Buffer.alloc(24);
  header.writeUInt32LE(0xa1b2c3d4, 0);
  header.writeUInt16LE(2, 4);
  header.writeUInt16LE(4, 6);
  header.writeUInt32LE(65535, 16);
  header.writeUInt32LE(1, 20);
  const records = Array.from({ length: PACKETS }, (_, index) => {
    const record = Buffer.alloc(16);
    record.writeUInt32LE(index, 0);
    record.writeUInt32LE(frame.length, 8);
    record.writeUInt32LE(frame.length, 12);
    return [record, frame];
  });
  const file = path.join(directory, name);
  await writeFile(file, Buffer.concat([header, ...records.flat()]));
  return file;
}

const output = () => path.join(directory, 'output.pcapng');

describe('encap', () => {
  it.each([1472, 5000])(
    'T1: packets of %i bytes that may be cut: every piece of every one',
    async (bytes) => {
      const dataplane = await createDataplane(POLICY, 'h1');
      const frame = ethernet(
        { src: mac(1), dst: mac(2) },
        ipv4({ src: '10.0.0.1', dst: '10.0.0.2' }, udp({ srcPort: 1, dstPort: 2 }, pattern(bytes))),
      );
      const input = await openInput(await capture('pieces.pcap', frame));
      const report = await transfer(dataplane, input, output(), fromVms(dataplane));
      expect([report.outputs, report.drops]).toEqual([PACKETS, {}]);
      expect(report.written).toBe(PACKETS * Math.ceil((bytes + 8) / 1432));
    },
  );
});

describe('decap', () => {
  it('V5: broadcasts reach every VM', async () => {
    const dataplane = await createDataplane(POLICY, 'h2');
    const frame = ethernet(
      { src: '02:00:00:00:00:01', dst: '02:00:00:00:00:02' },
      ipv4(
        { src: '192.168.0.1', dst: '192.168.0.2', df: true },
        nvgre(
          { vsid: 5001 },
          ethernet(
            { src: mac(1), dst: 'ff:ff:ff:ff:ff:ff' },
            ipv4({ src: '10.0.0.1', dst: '255.255.255.255' }, udp({ srcPort: 1, dstPort: 2 }, pattern(10))),
          ),
        ),
      ),
    );
    const input = await openInput(await capture('flood.pcap', frame));
    const report = await transfer(dataplane, input, output(), fromUplink(dataplane));
    expect([report.outputs, report.drops]).toEqual([PACKETS, {}]);
    expect(report.written).toBe(PACKETS * LOCALS);
  });
});
