/**
 * npm run bench:commands: netvirt encap and decap from file to file, as processes; beside them a plain copy of the same
 * input by streams, because above a few hundred bytes per frame the file system sets the pace. Then many packets, for the
 * memory. The files go to the system's folder for temporary files (TMPDIR).
 */

import { closeSync, mkdtempSync, openSync, rmSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { udp } from '../src/frames/build.ts';
import { type Usage, run } from './processes.ts';
import { record } from './results.ts';
import { round } from './statistics.ts';

const MAIN = fileURLToPath(new URL('../dist/netvirt.js', import.meta.url));
const RUNS = 7;

const POLICY = {
  version: 1,
  provider: { mtu: 1600 },
  hosts: [1, 2].map((n) => ({
    name: `h${n}`,
    addresses: [`192.168.1.${n}/24`],
    mac: `02:00:00:00:00:0${n}`,
  })),
  customers: [
    {
      name: 'c',
      routingDomains: [
        {
          name: 'd',
          id: '00000000-0000-4000-8000-000000000001',
          subnets: [{ vsid: 5001, prefixes: ['10.0.0.0/24'] }],
          endpoints: [1, 2].map((n) => ({
            name: `vm${n}`,
            vsid: 5001,
            mac: `02:15:5d:00:00:0${n}`,
            addresses: [`10.0.0.${n}`],
            host: `h${n}`,
          })),
        },
      ],
    },
  ],
};

/** A microsecond pcap of UDP packets whose source port and time count up; not written by netvirt's writer. */
function writeCapture(path: string, packets: number, length: number): void {
  const party = (n: number) => ({
    mac: 0x02_15_5d_00_00_00 + n,
    address: { family: 4 as const, value: 0x0a00_0000 + n },
  });
  const frame = Buffer.from(udp(party(1), party(2), [0, 53], 'x'.repeat(length - 42)));
  const checksum = frame.readUInt16BE(40);
  const header = Buffer.from('d4c3b2a1020004000000000000000000ffff000001000000', 'hex');
  const record = 16 + length;
  const perBlock = Math.floor(4_000_000 / record);
  const block = Buffer.alloc(perBlock * record);
  const file = openSync(path, 'w');
  writeSync(file, header);
  for (let done = 0; done < packets; done += perBlock) {
    const count = Math.min(perBlock, packets - done);
    for (let index = 0; index < count; index++) {
      const number = done + index;
      const at = index * record;
      const port = number & 0x7fff;
      block.writeUInt32LE(1_700_000_000 + Math.floor(number / 1e6), at);
      block.writeUInt32LE(number % 1e6, at + 4);
      block.writeUInt32LE(length, at + 8);
      block.writeUInt32LE(length, at + 12);
      block.set(frame, at + 16);
      block.writeUInt16BE(port, at + 16 + 34);
      // RFC 1624, equation 3: HC' = ~(~HC + ~m + m'), with m = 0.
      const sum = (~checksum & 0xffff) + 0xffff + port;
      block.writeUInt16BE(~((sum & 0xffff) + (sum >>> 16)) & 0xffff, at + 16 + 40);
    }
    writeSync(file, block, 0, count * record);
  }
  closeSync(file);
}

interface Row {
  readonly command: 'encap' | 'decap' | 'copy';
  readonly frameBytes: number;
  readonly packets: number;
  readonly seconds: number;
  readonly mpps: number;
  readonly userSeconds: number;
  readonly systemSeconds: number;
  readonly peakMB: number;
}

/** The fastest of the runs: what disturbs a run only makes it slower. */
function fastest(args: readonly string[], runs: number): Usage {
  return Array.from({ length: runs }, () => run(args)).reduce((a, b) => (b.seconds < a.seconds ? b : a));
}

function measure(folder: string, packets: number, length: number, runs: number): Row[] {
  const path = (name: string) => join(folder, name);
  writeCapture(path('in.pcap'), packets, length);
  const copy = `import fs from 'node:fs'; import { pipeline } from 'node:stream/promises';
    const highWaterMark = 1 << 20;
    await pipeline(fs.createReadStream(process.argv[1], { highWaterMark }), fs.createWriteStream(process.argv[2], { highWaterMark }));`;
  const netvirt = (command: string, host: string, from: string, to: string) =>
    [MAIN, command, path('policy.json'), '--host', host, path(from), '-o', path(to), '--json'] as const;
  const programs = {
    copy: ['--input-type=module', '--eval', copy, path('in.pcap'), path('copy.pcap')],
    encap: netvirt('encap', 'h1', 'in.pcap', 'out.pcap'),
    decap: [...netvirt('decap', 'h2', 'out.pcap', 'back.pcap'), '--port', 'vm2'],
  } as const;
  const rows = (['copy', 'encap', 'decap'] as const).map((command): Row => {
    const { seconds, user, system, peak } = fastest(programs[command], runs);
    return {
      command,
      frameBytes: length,
      packets,
      seconds: round(seconds),
      mpps: round(packets / seconds / 1e6),
      userSeconds: round(user),
      systemSeconds: round(system),
      peakMB: Math.round(peak),
    };
  });
  const [sent, received] = [statSync(path('in.pcap')).size, statSync(path('back.pcap')).size];
  if (sent !== received) throw new Error(`expected ${sent} bytes of what was sent, got ${received}`);
  return rows;
}

const folder = mkdtempSync(join(tmpdir(), 'netvirt-bench-'));
try {
  writeFileSync(join(folder, 'policy.json'), JSON.stringify(POLICY));
  const rows = [
    ...measure(folder, 1_000_000, 64, RUNS),
    ...measure(folder, 1_000_000, 512, RUNS),
    ...measure(folder, 1_000_000, 1400, RUNS),
    ...measure(folder, 10_000_000, 64, 1),
  ];
  await record({
    section: 'commands',
    method: `\`npm run bench:commands\`; whole processes, the fastest of ${RUNS} (of 10 M packets: one); "copy" reads and writes the same input by streams.`,
    head: ['command', 'frame', 'packets', 's', 'M packets/s', 'user s', 'system s', 'peak MB'],
    cells: rows.map((row) => [
      row.command,
      `${row.frameBytes} B`,
      `${row.packets / 1e6} M`,
      row.seconds.toFixed(2),
      row.mpps.toFixed(2),
      row.userSeconds.toFixed(2),
      row.systemSeconds.toFixed(2),
      String(row.peakMB),
    ]),
    rows,
  });
} finally {
  rmSync(folder, { recursive: true });
}
