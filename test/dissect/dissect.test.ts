/** Layers and fields of frames, with their places; nothing is left out, whatever the bytes are. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Dataplane, parseIp, parseMac } from '../../src/index.ts';
import { type FrameLayer, changedBytes, dissect } from '../../src/observe/index.ts';
import { SYN, ping, tcp, udp } from '../../src/simulate/index.ts';
import { readFileSync } from 'node:fs';

const party = (mac: string, address: string) => ({ mac: parseMac(mac)!, address: parseIp(address)! });
const till = party('02:15:5d:50:01:11', '10.0.0.11');
const oven = party('02:15:5d:50:01:12', '10.0.0.12');
const policy = readFileSync(new URL('../../docs/example.yaml', import.meta.url), 'utf8');

const kinds = (layers: readonly FrameLayer[]) => layers.map(({ kind, depth }) => `${kind} ${depth}`);
const field = (layers: readonly FrameLayer[], index: number, name: string) =>
  layers[index]!.fields.find((one) => one.name === name);

/** From the first byte to the last, in order, without gaps. */
function expectWhole(frame: Uint8Array, layers: readonly FrameLayer[]): void {
  let at = 0;
  for (const { offset, length, fields } of layers) {
    expect(offset).toBe(at);
    at += length;
    for (const one of fields) {
      expect(one.offset).toBeGreaterThanOrEqual(offset);
      expect(one.offset + one.length).toBeLessThanOrEqual(at);
    }
  }
  expect(at).toBe(frame.length);
}

describe('dissect', () => {
  it('says what a TCP segment consists of', () => {
    const frame = tcp(till, oven, [49152, 443], SYN);
    const layers = dissect(frame);
    expectWhole(frame, layers);
    expect(kinds(layers)).toEqual(['ethernet 0', 'ipv4 0', 'tcp 0']);
    expect(field(layers, 0, 'Source MAC')).toMatchObject({
      offset: 6,
      length: 6,
      value: '02:15:5d:50:01:11',
    });
    expect(field(layers, 1, 'Header checksum')).toMatchObject({ offset: 24, note: 'right' });
    expect(field(layers, 1, 'Flags')?.value).toBe('DF');
    expect(field(layers, 2, 'Flags')?.value).toBe('SYN');
    expect(field(layers, 2, 'Checksum')?.note).toBe('right');
  });

  it('looks into an NVGRE envelope', async () => {
    const dataplane = await Dataplane.create({ policy, host: 'host1' });
    const sent = udp(till, oven, [49152, 53], 'question');
    dataplane.batch.push(sent, dataplane.port('bakery-till'));
    dataplane.process();
    const frame = [...dataplane.batch.outputs()][0]!.frame.slice();
    const layers = dissect(frame);
    expectWhole(frame, layers);
    expect(kinds(layers)).toEqual([
      'ethernet 0',
      'ipv4 0',
      'gre 0',
      'ethernet 1',
      'ipv4 1',
      'udp 1',
      'payload 1',
    ]);
    expect(layers[2]!.title).toBe('NVGRE');
    expect(field(layers, 2, 'VSID')).toMatchObject({ offset: 38, length: 3, value: '5001' });
    expect(layers.every(({ fault }) => fault === undefined)).toBe(true);
    const changed = changedBytes(frame, sent);
    expect(changed.indexOf(false)).toBe(42);
    expect(changed.lastIndexOf(true)).toBe(41);
  });

  it('notes checksums that are wrong', () => {
    const frame = ping(till, oven, 1);
    frame[24]! ^= 1;
    frame[36]! ^= 1;
    const layers = dissect(frame);
    expect(layers.map(({ fault }) => fault)).toEqual([
      undefined,
      'header checksum wrong',
      'checksum wrong',
      undefined,
    ]);
  });

  it('covers IPv6 and its checksums', () => {
    const one = party('02:15:5d:50:01:11', 'fd00:a::11');
    const frame = ping(one, party('02:15:5d:50:01:12', 'fd00:a::12'), 7, 'x');
    const layers = dissect(frame);
    expectWhole(frame, layers);
    expect(layers.map(({ title, fault }) => [title, fault])).toEqual([
      ['Ethernet', undefined],
      ['IPv6', undefined],
      ['ICMPv6', undefined],
      ['Payload', undefined],
    ]);
  });

  it('tells padding from payload', () => {
    const frame = new Uint8Array(60);
    frame.set(udp(till, oven, [1, 2], 'hi'));
    expect(dissect(frame).at(-1)).toMatchObject({ kind: 'padding', offset: 44, length: 16 });
  });

  it('takes any bytes', () => {
    const frames = [
      udp(till, oven, [1, 4789], 'xxxxxxxx yyyyyyyyyyyyyyyyyyyyy'),
      ping(till, oven, 1),
      tcp(till, oven, [1, 2], SYN),
    ];
    const damaged = fc.record({
      base: fc.constantFrom(...frames),
      length: fc.nat(80),
      at: fc.nat(79),
      byte: fc.nat(255),
    });
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 128 }), damaged), (input) => {
        const frame = input instanceof Uint8Array ? input : input.base.slice(0, input.length);
        if (!(input instanceof Uint8Array) && input.at < frame.length) frame[input.at] = input.byte;
        expectWhole(frame, dissect(frame));
      }),
      { numRuns: 3000 },
    );
  });
});
