/** `netvirt example`, what `npm start` runs: two customers with the same addresses cross one physical network. */

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CaptureReader, PcapngWriter } from '../../capture/index.ts';
import { Dataplane } from '../../engine/dataplane.ts';
import type { Endpoint, Policy } from '../../policy/model.ts';
import { packageFile } from '../../package-files.ts';
import { parsePolicy } from '../../policy/parse.ts';
import { openInput } from '../capture-input.ts';
import { fromUplink } from '../decap.ts';
import { fromVms } from '../encap.ts';
import { InputError } from '../errors.ts';
import { plural, table } from '../report.ts';
import { makeFolder, writeBytes, writeText } from '../text-output.ts';
import { transfer } from '../transfer.ts';
import { type Party, PSH_ACK, SYN, ping, tcp, udp } from '../../frames/build.ts';

interface Sent {
  readonly from: Endpoint;
  readonly to: Endpoint;
  readonly frame: Uint8Array;
}

const CONVERSATIONS = [
  ['bakery-till', 'bakery-oven'],
  ['bakery-web', 'bakery-sql'],
  ['bakery-till', 'bakery-sql'],
  ['museum-desk', 'museum-safe'],
  ['museum-web', 'museum-sql'],
  ['museum-desk', 'museum-sql'],
] as const;

export async function example(options: { output: string; json?: boolean }): Promise<void> {
  const folder = options.output;
  await makeFolder(folder);
  const files = {
    policy: join(folder, 'policy.yaml'),
    sent: join(folder, 'host1-vms.pcapng'),
    uplink: join(folder, 'uplink.pcapng'),
    received: join(folder, 'host2-vms.pcapng'),
  };
  const text = await readFile(packageFile('docs/example.yaml'), 'utf8');
  const policy = parsePolicy(text, { file: files.policy });
  const sent = conversations(policy);
  await writeText(files.policy, text);
  await writeBytes(files.sent, capture(sent));

  const host1 = await Dataplane.create({ policy, host: 'host1' });
  const host2 = await Dataplane.create({ policy, host: 'host2' });
  await transfer(host1, await openInput(files.sent), files.uplink, fromVms(host1));
  await transfer(host2, await openInput(files.uplink), files.received, fromUplink(host2));
  const differences = compare(sent, await readFrames(files.received));
  const rows = summarize(policy, sent, host1, host2);
  const isVerified = differences.length === 0;
  if (options.json === true)
    console.log(
      JSON.stringify({ verified: isVerified, frames: sent.length, customers: rows, files }, null, 2),
    );
  else console.log(report(rows, files));
  if (!isVerified) throw new InputError(differences.join('\n'));
  if (options.json === true) return;
  console.log(
    `\nverified: all ${sent.length} frames arrived at the right VM, byte for byte as they were sent`,
  );
}

/** What the VMs on host1 say to those on host2: ping, UDP and TCP, over IPv4 and IPv6. */
function conversations(policy: Policy): Sent[] {
  const endpoints = policy.customers.flatMap(({ routingDomains }) =>
    routingDomains.flatMap((domain) => domain.endpoints),
  );
  const byName = new Map(endpoints.map((endpoint) => [endpoint.name, endpoint]));
  return CONVERSATIONS.flatMap(([fromName, toName]) => {
    const from = byName.get(fromName)!;
    const to = byName.get(toName)!;
    return [0, 1].flatMap((family) =>
      framesBetween(party(from, family), party(to, family)).map((frame) => ({ from, to, frame })),
    );
  });
}

function party({ mac, addresses }: Endpoint, family: number): Party {
  return { mac, address: addresses[family]!.customer };
}

function framesBetween(from: Party, to: Party): Uint8Array[] {
  return [
    ping(from, to, 1),
    ping(from, to, 2),
    udp(from, to, [40000, 53], 'what is the address of the bread?'),
    tcp(from, to, [40001, 80], SYN),
    tcp(from, to, [40001, 80], PSH_ACK, 'GET / HTTP/1.1\r\nHost: example\r\n\r\n'),
  ];
}

function capture(sent: readonly Sent[]): Uint8Array {
  const writer = new PcapngWriter();
  const interfaces = new Map<string, number>();
  for (const { from } of sent) {
    if (!interfaces.has(from.name)) interfaces.set(from.name, writer.addInterface({ name: from.name }));
  }
  for (const [index, { from, to, frame }] of sent.entries()) {
    const time = { seconds: 1_800_000_000 + index, nanoseconds: index * 1000 };
    writer.write({
      interfaceId: interfaces.get(from.name)!,
      ...time,
      data: frame,
      comments: [`${from.name} → ${to.name}`],
    });
  }
  return writer.take();
}

/** Frames by the name of the interface that received them. */
async function readFrames(file: string): Promise<Map<string, Uint8Array[]>> {
  const reader = new CaptureReader(file);
  reader.push(await readFile(file));
  const frames = new Map<string, Uint8Array[]>();
  for (let record = reader.read(); record !== undefined; record = reader.read()) {
    const name = reader.interfaces[record.interfaceId]?.name ?? '';
    frames.set(name, [...(frames.get(name) ?? []), record.data.slice()]);
  }
  reader.end();
  return frames;
}

/** What did not arrive as it was sent, one line each. */
function compare(sent: readonly Sent[], received: ReadonlyMap<string, Uint8Array[]>): string[] {
  const expected = new Map<string, Uint8Array[]>();
  for (const { to, frame } of sent) expected.set(to.name, [...(expected.get(to.name) ?? []), frame]);
  const names = new Set([...expected.keys(), ...received.keys()]);
  return [...names].flatMap((name) => {
    const wanted = expected.get(name) ?? [];
    const came = received.get(name) ?? [];
    if (wanted.length !== came.length)
      return [`${name}: expected ${plural(wanted.length, 'frame')}, got ${came.length}`];
    return wanted.flatMap((frame, index) =>
      Buffer.compare(frame, came[index]!) === 0
        ? []
        : [`${name}: frame ${index + 1} differs from what was sent`],
    );
  });
}

/** What became of one customer's frames. */
interface CustomerRow {
  customer: string;
  vsid: number;
  sent: number;
  onTheWire: number;
  nvgre: number;
  rewrite: number;
  received: number;
}

function summarize(policy: Policy, sent: readonly Sent[], host1: Dataplane, host2: Dataplane): CustomerRow[] {
  const left = host1.counters().subnets;
  const arrived = host2.counters().subnets;
  return policy.customers.map(({ name }) => {
    const own = sent.filter(({ from }) => from.name.startsWith(name));
    const isRewritten = ({ from, to }: Sent) => from.method === 'rewrite' && to.method === 'rewrite';
    const subnet = left.find(({ customer }) => customer === name)!;
    return {
      customer: name,
      vsid: subnet.vsid,
      sent: own.length,
      onTheWire: subnet.forwarded,
      nvgre: own.filter((one) => !isRewritten(one)).length,
      rewrite: own.filter(isRewritten).length,
      received: arrived.find(({ customer }) => customer === name)!.forwarded,
    };
  });
}

function report(rows: readonly CustomerRow[], files: Readonly<Record<string, string>>): string {
  const cells = rows.map(({ customer, vsid, sent, onTheWire, nvgre, rewrite, received }) => [
    customer,
    String(vsid),
    sent,
    onTheWire,
    nvgre,
    rewrite,
    received,
  ]);
  return [
    table(['customer', 'vsid', 'sent', 'on the wire', 'by NVGRE', 'by IP Rewrite', 'received'], cells),
    '',
    `${files.policy}: two customers, the same addresses, two hosts`,
    `${files.sent}: what the VMs on host1 sent`,
    `${files.uplink}: the same on the physical network`,
    `${files.received}: what the VMs on host2 received`,
  ].join('\n');
}
