/** `netvirt explain`: one frame through the real code path, each decision with its rule, the bytes before and after. */

import { type IpAddress } from '../policy/model.ts';
import { formatIp, parseIp } from '../policy/addresses.ts';
import { Dataplane } from '../engine/dataplane.ts';
import type { Explanation } from '../observe/explain.ts';
import { UsageError } from './errors.ts';
import { PSH_ACK, type Party, ping, tcp, udp } from './example/frames.ts';
import { hexDump, parseHex } from './hex.ts';
import { loadPolicy } from './policy-file.ts';

export interface ExplainOptions {
  host: string;
  port: string;
  frame?: string;
  to?: string;
  proto?: string;
  json?: boolean;
}

export async function explain(file: string, options: ExplainOptions): Promise<void> {
  if ((options.frame === undefined) === (options.to === undefined)) {
    throw new UsageError('expected either --frame HEX or --to ADDRESS');
  }
  const policy = await loadPolicy(file);
  const dataplane = await Dataplane.create({
    policy,
    host: options.host,
    capacity: { slots: 1, largeSlots: 1 },
  });
  const port = options.port === 'uplink' ? 0 : dataplane.port(options.port);
  const frame = options.frame === undefined ? build(dataplane, port, options) : parseHex(options.frame);
  const explanation = await dataplane.explain(port, frame);
  console.log(
    options.json === true ? JSON.stringify(toJson(explanation), null, 2) : explanationText(explanation),
  );
}

/** The frame that the endpoint would send to an address of its virtual subnet. */
function build(dataplane: Dataplane, port: number, { to = '', proto = 'icmp' }: ExplainOptions): Uint8Array {
  const address = parseIp(to);
  if (address === undefined) throw new UsageError(`--to: expected an IPv4 or IPv6 address, got "${to}"`);
  const sender = dataplane.ports.find(({ number }) => number === port)?.endpoint;
  if (sender === undefined)
    throw new UsageError('--to: expected --port with an endpoint; from the uplink give --frame');
  const own = sender.addresses.find(({ customer }) => customer.family === address.family)?.customer;
  if (own === undefined)
    throw new UsageError(`--to: ${sender.name} has no IPv${address.family} address to send from`);
  const from = { mac: sender.mac, address: own };
  const receiver = {
    mac: macOf(dataplane, sender.vsid, address) ?? dataplane.policy.provider.routerMac,
    address,
  };
  return frameOf(proto, from, receiver);
}

function frameOf(proto: string, from: Party, to: Party): Uint8Array {
  if (proto === 'icmp') return ping(from, to, 1);
  if (proto === 'udp') return udp(from, to, [49152, 7], 'netvirt explain');
  if (proto === 'tcp') return tcp(from, to, [49152, 80], PSH_ACK, 'netvirt explain');
  throw new UsageError(`--proto: expected icmp, udp or tcp, got "${proto}"`);
}

/** The MAC of the endpoint that has an address; ARP would have told the VM. */
function macOf(dataplane: Dataplane, vsid: number, address: IpAddress): number | undefined {
  const endpoints = dataplane.policy.customers.flatMap(({ routingDomains }) =>
    routingDomains.flatMap((domain) => domain.endpoints),
  );
  const text = formatIp(address);
  return endpoints.find(
    (endpoint) =>
      endpoint.vsid === vsid && endpoint.addresses.some(({ customer }) => formatIp(customer) === text),
  )?.mac;
}

function toJson({ verdict, port, steps, before, after }: Explanation) {
  const hex = (bytes: Uint8Array | undefined) =>
    bytes === undefined ? null : Buffer.from(bytes).toString('hex');
  return {
    verdict: verdict.name,
    rule: verdict.rule,
    sentence: verdict.sentence,
    port: port ?? null,
    steps,
    before: hex(before),
    after: hex(after),
  };
}

function explanationText({ steps, before, after }: Explanation): string {
  const width = Math.max(...steps.map(({ rule }) => rule.length));
  const lines = steps.map(({ rule, text }) => `${rule.padEnd(width)}  ${text}`);
  lines.push('', `before, ${before.length} bytes:`, ...hexDump(before));
  if (after === undefined) return lines.join('\n');
  // What both have in common lies at the end: envelopes go on and off at the front.
  const shift = after.length - before.length;
  const isNew = (offset: number) => after[offset] !== before[offset - shift];
  lines.push(
    '',
    `after, ${after.length} bytes (new and changed bytes are marked):`,
    ...hexDump(after, isNew),
  );
  return lines.join('\n');
}
