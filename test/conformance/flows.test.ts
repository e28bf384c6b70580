/** FlowID and flow label (N3, N12): constant per flow, spread over flows, agreed on by all fragments of a packet. */

import { beforeAll, describe, expect, it } from 'vitest';
import { Dataplane } from '../../src/index.ts';
import { PROTOCOL, type Upper, fragment, part, pattern, raw, tcp, udp } from '../packets/index.ts';
import { OUTER4, OUTER6, type PacketFields, frame4, frame6 } from '../rules/case.ts';
import { policy } from '../rules/fabric.ts';

let over4: Dataplane;
let over6: Dataplane;
beforeAll(async () => {
  over4 = await Dataplane.create({ policy: policy(), host: 'h1' });
  over6 = await Dataplane.create({ policy: policy({ prefer: 'ipv6' }), host: 'h1' });
});

function send(dataplane: Dataplane, frame: Uint8Array): Uint8Array {
  dataplane.batch.push(frame, dataplane.port('a'));
  dataplane.process();
  const [output] = dataplane.batch.outputs();
  return output!.frame.slice();
}

const flowId = (frame: Uint8Array): number => send(over4, frame)[OUTER4 - 1]!;
const flowLabel = (frame: Uint8Array): number => {
  const sent = send(over6, frame);
  return ((sent[15]! & 15) << 16) | (sent[16]! << 8) | sent[17]!;
};

const flow = (number: number) => ({
  srcPort: 1024 + (number % 4096),
  dstPort: 80 + Math.floor(number / 4096),
});

describe('N3: the FlowID', () => {
  it('N3: is the same for every packet of a flow, whatever else is in it', () => {
    const ids = [1, 20, 300].flatMap((length) => [
      flowId(
        frame4('a', 'b', tcp({ ...flow(1), seq: length }, pattern(length)), {
          id: length,
          ttl: 200 - length / 2,
          tos: length & 255,
        }),
      ),
      flowId(frame4('a', 'b', tcp(flow(1), pattern(length)), { options: pattern(8) })),
    ]);
    expect(new Set(ids).size).toBe(1);
  });

  it.each([
    ['TCP', (n: number) => frame4('a', 'b', tcp(flow(n), pattern(1)))],
    ['UDP over IPv6', (n: number) => frame6('a', 'b', udp(flow(n), pattern(1)))],
  ])('N3: takes all its values, about equally often: %s', (_name, frameOf) => {
    const seen = new Array<number>(256).fill(0);
    const flows = 16384;
    for (let number = 0; number < flows; number++) seen[flowId(frameOf(number))]!++;
    const expected = flows / 256;
    const chiSquare = seen.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
    // 255 degrees of freedom: a random spread exceeds 340 one time in 5,000. More even than random is welcome.
    expect(chiSquare).toBeLessThan(340);
    expect(Math.min(...seen)).toBeGreaterThan(0);
  });

  it('N3: differs between protocols and directions of one pair of ports', () => {
    const ids = [tcp, udp].map((build) =>
      flowId(frame4('a', 'b', build({ srcPort: 7, dstPort: 9 }, pattern(4)))),
    );
    expect(new Set(ids).size).toBe(2);
  });

  const datagram = udp({ srcPort: 5, dstPort: 6 }, pattern(64));
  const pieces = (build: (upper: Upper, offset: number, more: boolean) => Uint8Array) => [
    build(part(datagram, 0, 40), 0, true),
    build(raw(PROTOCOL.udp, pattern(16, 5)), 5, true),
    build(raw(PROTOCOL.udp, pattern(8, 9)), 7, false),
  ];

  it('N3: is the same for all fragments of an IPv4 packet', () => {
    const fields = (offset: number, mf: boolean): PacketFields => ({ offset, mf, id: 9 });
    const ids = pieces((upper, offset, more) => frame4('a', 'b', upper, fields(offset, more))).map(flowId);
    expect(new Set(ids).size).toBe(1);
  });

  it('N3: is the same for all fragments of an IPv6 packet', () => {
    const ids = pieces((upper, offset, more) =>
      frame6('a', 'b', upper, { headers: [fragment({ offset, more })] }),
    ).map(flowId);
    expect(new Set(ids).size).toBe(1);
  });

  it('N3 T1: is for the pieces of a packet what it is for fragments', () => {
    const whole = udp({ srcPort: 5, dstPort: 6 }, pattern(4000));
    over4.batch.push(frame4('a', 'b', whole), over4.port('a'));
    over4.process();
    const ids = [...over4.batch.outputs()].map((output) => output.frame[OUTER4 - 1]!);
    expect(ids).toHaveLength(3);
    const one = frame4('a', 'b', part(datagram, 0, 40), { mf: true });
    expect(new Set([...ids, flowId(one)]).size).toBe(1);
  });

  it('N3: is the same on every host and in every run', async () => {
    const again = await Dataplane.create({ policy: policy(), host: 'h1', seed: new Uint8Array(16).fill(9) });
    const frame = frame4('a', 'b', tcp(flow(77), pattern(3)));
    expect(send(again, frame)).toEqual(send(over4, frame));
  });
});

describe('N12: the IPv6 flow label', () => {
  it('N12: is never 0 and differs between flows', () => {
    const labels = Array.from({ length: 4096 }, (_, number) =>
      flowLabel(frame4('a', 'b', tcp(flow(number), pattern(1)))),
    );
    expect(labels).not.toContain(0);
    expect(new Set(labels).size).toBeGreaterThan(4060);
  });

  it('N12: is the same for every packet of a flow', () => {
    const labels = [1, 2, 3].map((length) => flowLabel(frame6('a', 'b', tcp(flow(1), pattern(length)))));
    expect(new Set(labels).size).toBe(1);
  });

  it('N12: 62 bytes of envelope', () => {
    const frame = frame4('a', 'b', tcp(flow(1), pattern(3)));
    expect(send(over6, frame)).toHaveLength(frame.length + OUTER6);
  });
});
