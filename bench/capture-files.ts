/** Captures of any size for the benchmark of the demo: what hosts of its example policy send each other, over and over. */

import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { PcapngWriter, parsePolicy } from '../src/index.ts';
import { LiveFabric, probe } from '../src/simulate/index.ts';

export interface CaptureFile {
  readonly path: string;
  /** Of a VM's frame, bytes. */
  readonly frame: number;
  /** Of the file; whole records, so it gets a little more. */
  readonly bytes: number;
}

/** Headers of a VM's frame in front of the payload, and a few bytes by which probes tell what they are. */
const HEADERS = { 4: 42, 6: 62 };
const START = 1_800_000_000;
const GAP_NANOSECONDS = 1700;

/** Every ordered pair that can talk, IPv4 and IPv6, UDP and TCP, in its envelope or rewritten. */
async function framesOf(size: number): Promise<Uint8Array[]> {
  const text = readFileSync(new URL('../demo/example.yaml', import.meta.url), 'utf8');
  const policy = parsePolicy(text);
  const fabric = await LiveFabric.create(policy);
  const endpoints = policy.customers.flatMap(({ routingDomains }) =>
    routingDomains.flatMap((domain) => domain.endpoints),
  );
  const frames: Uint8Array[] = [];
  for (const sender of endpoints) {
    for (const { addresses } of endpoints.filter((endpoint) => endpoint !== sender)) {
      for (const { customer } of addresses) {
        if (!sender.addresses.some((own) => own.customer.family === customer.family)) continue;
        for (const protocol of ['udp', 'tcp'] as const) {
          const header = HEADERS[customer.family] + (protocol === 'tcp' ? 12 : 0);
          const payload = 'x'.repeat(Math.max(0, size - header));
          const { frame } = probe(policy, sender, customer, protocol, { payload });
          const { stops } = fabric.send(sender.name, frame);
          const sent = stops.filter(({ deed }) => deed === 'encapsulated' || deed === 'rewritten');
          frames.push(...sent.map((stop) => stop.frame.slice()));
        }
      }
    }
  }
  return frames;
}

/** @returns the number of packets. */
export async function writeCapture({ path, frame, bytes }: CaptureFile): Promise<number> {
  const frames = await framesOf(frame);
  const writer = new PcapngWriter();
  const interfaceId = writer.addInterface({ name: 'tap' });
  const file = openSync(path, 'w');
  let [packets, written, seed] = [0, 0, 1];
  while (written < bytes) {
    for (let count = 0; count < 1000; count++) {
      seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fff_ffff;
      const nanoseconds = packets++ * GAP_NANOSECONDS;
      const seconds = START + Math.floor(nanoseconds / 1e9);
      const data = frames[seed % frames.length]!;
      writer.write({ interfaceId, seconds, nanoseconds: nanoseconds % 1e9, data });
    }
    written += writeSync(file, writer.take());
  }
  closeSync(file);
  return packets;
}
