/** A capture's frames from host to host, in both directions, and what became of each. */

import { readFileSync } from 'node:fs';
import { expect } from 'vitest';
import { parse } from 'yaml';
import { CaptureReader } from '../../src/index.ts';
import { netvirt } from './tools.ts';

/** What became of the frames of a capture: every one is counted once. What is not named is 0. */
export interface Fate {
  /** Arrived on the other host. */
  arrive: number;
  /** How many of those travelled in an envelope. */
  enveloped?: number;
  /** How many of those arrived with another destination MAC than they were sent to: that of the address's endpoint (W2). */
  redirected?: number;
  /** Copies that arrived beyond the first of each frame. */
  copies?: number;
  /** Went no farther than VMs on the same host. */
  local?: number;
  /** Answered by the host. */
  replies?: number;
  /** Sent by nobody that the policy knows. */
  strangers?: number;
  drops?: Record<string, number>;
}

interface Report {
  inputs: number;
  outputs: number;
  replies: number;
  punts: number;
  drops: Record<string, number>;
  written: number;
}

export const report = (text: string): Report => JSON.parse(text) as Report;

interface Frame {
  readonly interfaceId: number;
  readonly data: Uint8Array;
}

/** Frames up to the first fault. */
export function framesOf(path: string): Frame[] {
  const reader = new CaptureReader(path);
  const frames: Frame[] = [];
  reader.push(readFileSync(path));
  try {
    for (let record = reader.read(); record !== undefined; record = reader.read()) {
      // A link type of another kind ends the command at this place.
      if (reader.interfaces[record.interfaceId]!.linkType !== 1) break;
      frames.push({ interfaceId: record.interfaceId, data: record.data.slice() });
    }
  } catch {
    // The commands' own error is compared elsewhere.
  }
  return frames;
}

/** The frame as it may travel: without priority tags (N6). */
function untagged(frame: Uint8Array): Uint8Array {
  const isPriority = (at: number) =>
    frame[at] === 0x81 && frame[at + 1] === 0 && (frame[at + 2]! & 15) === 0 && frame[at + 3] === 0;
  let end = 12;
  while (isPriority(end)) end += 4;
  return Uint8Array.from([...frame.subarray(0, 12), ...frame.subarray(end)]);
}

/** Byte for byte the same, but that 0x0000 and 0xFFFF are one checksum. */
function isSame(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let at = 0; at < a.length; at++) {
    if (a[at] === b[at]) continue;
    const words = [((a[at]! << 8) | a[at + 1]!) >>> 0, ((b[at]! << 8) | b[at + 1]!) >>> 0];
    if (!words.includes(0) || !words.includes(0xffff)) return false;
    at++;
  }
  return true;
}

/**
 * At every port, the frames that arrived are ones that were sent, in the same order.
 * @returns how many have another destination MAC.
 */
function expectSubsequences(received: readonly Frame[], sent: readonly Frame[]): number {
  const places = new Map<number, number>();
  const plain = sent.map(({ data }) => untagged(data));
  let redirected = 0;
  for (const [index, { interfaceId, data }] of received.entries()) {
    const rest = plain.slice(places.get(interfaceId) ?? 0);
    let at = rest.findIndex((frame) => isSame(frame, data));
    if (at < 0) {
      redirected++;
      at = rest.findIndex((frame) => isSame(frame.subarray(6), data.subarray(6)));
    }
    expect(at, `received frame ${index + 1} is one of those sent, in order`).toBeGreaterThanOrEqual(0);
    places.set(interfaceId, plain.length - rest.length + at + 1);
  }
  return redirected;
}

/** GRE between hosts: over IPv4, which both have, to an address whose last two bytes say host 1 or 2. */
const isEnvelope = ({ data }: Frame): boolean =>
  data[12] === 8 &&
  data[23] === 47 &&
  Buffer.from(data.subarray(26, 34)).toString('hex').match(HOST_PAIR) !== null;
/** 192.0.2.1 and 192.0.2.2 as `init` writes them, 198.18.0.1 and 198.18.0.2 as `rewritten` does. */
const HOST_PAIR = /^(c000020[12]){2}$|^(c612000[12]){2}$/;

const sum = (drops: Record<string, number>): number =>
  Object.values(drops).reduce((all, count) => all + count, 0);

/** All endpoints by IP Rewrite, each address with a provider address of its own. */
export function rewritten(policy: string): string {
  const document = parse(policy) as {
    hosts: { addresses: string[] }[];
    customers: {
      routingDomains: {
        endpoints: { addresses: string[]; method?: string; providerAddresses?: string[] }[];
      }[];
    }[];
  };
  for (const [index, host] of document.hosts.entries()) {
    host.addresses = [`198.18.0.${index + 1}/15`, `fd99::${index + 1}/64`];
  }
  let next = 0x100;
  for (const endpoint of document.customers.flatMap(({ routingDomains }) =>
    routingDomains.flatMap(({ endpoints }) => endpoints),
  )) {
    const mapped = endpoint.addresses.filter((address) => !/^fe[89ab]/i.test(address));
    endpoint.method = 'rewrite';
    endpoint.providerAddresses = mapped.map((address) => {
      const number = next++;
      return address.includes(':') ? `fd99::${number.toString(16)}` : `198.18.${number >> 8}.${number & 255}`;
    });
  }
  return JSON.stringify(document);
}

/** @param error the line on stderr with which a command ends that reads the capture. */
export function trips(policy: string, path: string, files: string, error?: RegExp): Required<Fate> {
  const sent = framesOf(path);
  const fate: Required<Fate> = {
    arrive: 0,
    enveloped: 0,
    redirected: 0,
    copies: 0,
    local: 0,
    replies: 0,
    strangers: -sent.length,
    drops: {},
  };
  for (const [from, to] of [
    ['host1', 'host2'],
    ['host2', 'host1'],
  ] as const) {
    const uplink = `${files}.${from}.pcapng`;
    const received = `${files}.${to}.pcapng`;
    const left = netvirt(['encap', policy, '--host', from, path, '-o', uplink, '--json']);
    expect(left.stderr.trimEnd()).toMatch(error ?? /^$/);
    expect(left.status).toBe(error === undefined ? 0 : 1);
    const came = netvirt(['decap', policy, '--host', to, uplink, '-o', received, '--json']);
    expect(came).toMatchObject({ status: 0, stderr: '' });
    const [out, back] = [report(left.stdout), report(came.stdout)];
    for (const { inputs, outputs, replies, punts, drops } of [out, back]) {
      expect(outputs + replies + punts + sum(drops)).toBe(inputs);
    }
    expect(out).toMatchObject({ inputs: sent.length, punts: 0 });
    expect(back).toMatchObject({ inputs: out.written, replies: 0, punts: 0 });
    const frames = framesOf(received);
    expect(frames).toHaveLength(back.written);
    fate.redirected += expectSubsequences(frames, sent);
    fate.enveloped += framesOf(uplink).filter(isEnvelope).length;
    const { DROP_UNKNOWN_PORT: others = 0, ...drops } = out.drops;
    fate.strangers += others;
    if (from === 'host2') {
      // A cut frame is dropped before anybody asks whose it is: by both hosts.
      fate.strangers += drops.DROP_CUT_CAPTURE ?? 0;
      delete drops.DROP_CUT_CAPTURE;
    }
    fate.arrive += back.outputs;
    fate.copies += back.written - back.outputs;
    fate.local += out.outputs - out.written;
    fate.replies += out.replies;
    for (const [name, count] of [...Object.entries(drops), ...Object.entries(back.drops)]) {
      fate.drops[name] = (fate.drops[name] ?? 0) + count;
    }
  }
  // No frame is lost without a reason, and none counted twice.
  expect(fate.arrive + fate.local + fate.replies + fate.strangers + sum(fate.drops)).toBe(sent.length);
  return fate;
}
