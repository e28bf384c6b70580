/** Messages of rtnetlink as the kernel sends them, and as it should not. */

import { describe, expect, it } from 'vitest';
import { LiveError } from '../../src/live/types.ts';
import { Conversation } from '../../src/live/underlay/conversation.ts';
import * as netlink from '../../src/live/underlay/netlink.ts';
import { concat } from '../packets/index.ts';

const u16 = (...values: number[]) => new Uint8Array(Uint16Array.from(values).buffer);
const u32 = (...values: number[]) => new Uint8Array(Uint32Array.from(values).buffer);
const text = (value: string) => new TextEncoder().encode(`${value}\0`);

function attribute(type: number, value: Uint8Array): Uint8Array {
  const padding = new Uint8Array(-value.length & 3);
  return concat(u16(4 + value.length, type), value, padding);
}

interface Options {
  sequence?: number;
  flags?: number;
}

function message(type: number, body: Uint8Array, { sequence = 1, flags = 2 }: Options = {}): Uint8Array {
  const padding = new Uint8Array(-body.length & 3);
  return concat(u32(16 + body.length), u16(type, flags), u32(sequence, 0), body, padding);
}

const MAC = new Uint8Array([2, 0, 0, 0, 0, 7]);
/** struct ifinfomsg: family u8, pad u8, type u16, index i32, flags u32, change u32 */
const linkBody = (...attributes: Uint8Array[]) => concat(u16(0, 1), u32(7, 1, 0), ...attributes);
const NAME = attribute(3, text('eth7'));
const MTU = attribute(4, u32(1500));
const link = (options?: Options) => message(16, linkBody(NAME, MTU, attribute(1, MAC)), options);
const done = (errno = 0, options?: Options) => message(3, u32(-errno), options);
/** struct nlmsgerr: error, then the header of the request */
const refusal = (errno: number, options?: Options) =>
  message(2, concat(u32(-errno), new Uint8Array(16)), options);

const read = <Result>(bytes: Uint8Array, reader: (one: netlink.Message) => Result) =>
  [...netlink.messagesIn(bytes)].map(reader);

describe('datagrams', () => {
  it('several messages, each at a multiple of four bytes', () => {
    const odd = message(16, new Uint8Array(5));
    const types = read(concat(odd, link(), done()), ({ type }) => type);
    expect(types).toEqual([16, 16, 3]);
    expect(read(odd, ({ body }) => body.length)).toEqual([5]);
  });

  it.each([
    ['a header that is cut', link().subarray(0, 15)],
    ['a body that is cut', link().subarray(0, 30)],
    ['a length below that of the header', concat(u32(15), link().subarray(4))],
    ['a length of 0', concat(u32(0), link().subarray(4))],
    ['nothing', new Uint8Array(0)],
  ])('%s ends it, what was before it counts', (_, broken) => {
    expect(read(broken, ({ type }) => type)).toEqual([]);
    expect(read(concat(link(), broken), ({ type }) => type)).toEqual([16]);
  });

  it('of every length that a message can be cut to, readers make something or nothing, and never fail', () => {
    const nested = attribute(18, attribute(1, text('veth')));
    const whole = [
      linkBody(NAME, MTU, attribute(1, MAC), nested, attribute(43, attribute(2, new Uint8Array([1])))),
      concat(new Uint8Array([2, 24, 0, 0]), u32(7), attribute(2, new Uint8Array([10, 0, 0, 1]))),
      concat(
        new Uint8Array([2, 32, 0, 0, 0, 0, 0, 1]),
        u32(0),
        attribute(18, concat(u16(2), new Uint8Array([10, 0, 0, 9]))),
      ),
      concat(
        u32(2, 7),
        u16(2),
        new Uint8Array(2),
        attribute(1, new Uint8Array([10, 0, 0, 2])),
        attribute(2, MAC),
      ),
    ];
    const readers = [netlink.readLink, netlink.readAddress, netlink.readRoute, netlink.readNeighbor];
    for (const [index, reader] of readers.entries()) {
      const body = whole[index]!;
      const one = (length: number) => ({ type: 28, flags: 0, sequence: 1, body: body.subarray(0, length) });
      expect(reader(one(body.length))).toBeDefined();
      for (let length = 0; length < body.length; length++) expect(() => reader(one(length))).not.toThrow();
    }
  });
});

describe('links', () => {
  it('name, MTU, MAC, kind, master, XDP', () => {
    const body = linkBody(
      NAME,
      MTU,
      attribute(1, MAC),
      attribute(10, u32(3)),
      // NLA_F_NESTED
      attribute(18 | 0x8000, attribute(1, text('veth'))),
      attribute(43, attribute(2, new Uint8Array([2]))),
    );
    expect(read(message(16, body), netlink.readLink)).toEqual([
      {
        index: 7,
        name: 'eth7',
        type: 1,
        mtu: 1500,
        mac: 0x0200_0000_0007,
        isUp: true,
        master: 3,
        kind: 'veth',
        hasXdp: true,
      },
    ]);
  });

  it('attributes that nobody knows, empty ones, and a MAC of another length', () => {
    const strange = [
      attribute(999, u32(1)),
      attribute(998, new Uint8Array(0)),
      attribute(1, new Uint8Array(20)),
    ];
    expect(read(message(16, linkBody(...strange, NAME, MTU)), netlink.readLink)).toMatchObject([
      { name: 'eth7', mac: 0, kind: '', master: 0, hasXdp: false },
    ]);
  });

  it('attributes that are shorter than what they should hold', () => {
    const short = [
      attribute(4, new Uint8Array(2)),
      attribute(10, new Uint8Array(1)),
      attribute(18, new Uint8Array(1)),
    ];
    expect(read(message(16, linkBody(NAME, ...short)), netlink.readLink)).toMatchObject([
      { name: 'eth7', mtu: 0, master: 0, kind: '' },
    ]);
    const route = concat(new Uint8Array(12), attribute(18, new Uint8Array(1)));
    expect(read(message(24, route), netlink.readRoute)).toMatchObject([{ gateway: undefined }]);
  });

  it('an attribute whose length cannot be ends the list', () => {
    const broken = concat(u16(3, 10), u32(0));
    expect(read(message(16, linkBody(broken, NAME, MTU)), netlink.readLink)).toEqual([undefined]);
    const long = concat(u16(200, 1), u32(0));
    expect(read(message(16, linkBody(NAME, MTU, long)), netlink.readLink)).toMatchObject([{ name: 'eth7' }]);
  });
});

describe('routes', () => {
  const route = (type: number, ...attributes: Uint8Array[]) =>
    read(
      message(24, concat(new Uint8Array([2, 32, 0, 0, 0, 0, 0, type]), u32(0), ...attributes)),
      netlink.readRoute,
    );
  const OUT = attribute(4, u32(7));

  it('on the link, by a router, by a router of the other family', () => {
    expect(route(1, OUT)).toEqual([{ interface: 7, gateway: undefined, isUnicast: true }]);
    expect(route(1, OUT, attribute(5, new Uint8Array([192, 0, 2, 254])))).toMatchObject([
      { gateway: { family: 4, value: 0xc000_02fe } },
    ]);
    const six = new Uint8Array(16).fill(0xfe, 0, 1).fill(1, 15);
    expect(route(1, OUT, attribute(18, concat(u16(10), six)))).toMatchObject([
      { gateway: { family: 6, value: (0xfen << 120n) | 1n } },
    ]);
  });

  it.each([
    ['local', 2],
    ['blackhole', 6],
    ['unreachable', 7],
    ['prohibit', 8],
  ])('%s is no way', (_, type) => {
    expect(route(type, OUT)).toMatchObject([{ isUnicast: false }]);
  });
});

describe('neighbours', () => {
  const neighbor = (state: number, type = 28, ...attributes: Uint8Array[]) =>
    read(
      message(type, concat(u32(2, 7), u16(state), new Uint8Array(2), ...attributes)),
      netlink.readNeighbor,
    )[0];
  const DST = attribute(1, new Uint8Array([192, 0, 2, 2]));
  const LLADDR = attribute(2, MAC);

  it.each([
    ['reachable', 0x02, true, false],
    ['stale', 0x04, true, false],
    ['delay', 0x08, true, false],
    ['probe', 0x10, true, false],
    ['permanent', 0x80, true, false],
    ['incomplete', 0x01, false, false],
    ['failed', 0x20, false, true],
  ])('%s', (_, state, isKnown, hasFailed) => {
    const found = neighbor(state, 28, DST, LLADDR)!;
    expect(found.mac).toBe(isKnown ? 0x0200_0000_0007 : undefined);
    expect(found).toMatchObject({ interface: 7, hasFailed, isStale: state === 0x04 });
  });

  it('one that is deleted is not known; one of no IP address is none', () => {
    expect(neighbor(0x02, 29, DST, LLADDR)!.mac).toBeUndefined();
    expect(neighbor(0x02, 28, LLADDR)).toBeUndefined();
    expect(neighbor(0x02, 28, attribute(1, new Uint8Array(5)), LLADDR)).toBeUndefined();
  });
});

describe('requests', () => {
  /** Answers each request with datagrams of its own. */
  function talk(...answers: ((sequence: number) => Uint8Array[])[]): {
    conversation: Conversation;
    sent: Uint8Array[];
  } {
    const sent: Uint8Array[] = [];
    let waiting: Uint8Array[] = [];
    const conversation = new Conversation({
      send: (request) => {
        sent.push(request);
        waiting = answers[Math.min(sent.length, answers.length) - 1]!(
          new DataView(request.buffer).getUint32(8, true),
        );
      },
      receive: () => {
        const next = waiting.shift();
        if (next === undefined) throw new Error('there is nothing to wait for');
        return next;
      },
    });
    return { conversation, sent };
  }

  it('a list in several datagrams, up to the last one', () => {
    const { conversation } = talk((sequence) => [
      concat(link({ sequence }), link({ sequence })),
      link({ sequence }),
      done(0, { sequence }),
    ]);
    expect(conversation.ask(netlink.linkRequest)).toHaveLength(3);
  });

  it('an answer of its own, and answers to others are passed over', () => {
    const to = { family: 4, value: 1 } as const;
    const { conversation } = talk((sequence) => [
      link({ sequence: sequence + 7 }),
      message(24, new Uint8Array(12), { sequence }),
    ]);
    expect(conversation.ask((sequence) => netlink.routeRequest(sequence, to))).toMatchObject([{ type: 24 }]);
  });

  it('a datagram that is broken does not end a list', () => {
    const { conversation } = talk((sequence) => [
      link({ sequence }).subarray(0, 20),
      link({ sequence }),
      done(0, { sequence }),
    ]);
    expect(conversation.ask(netlink.linkRequest)).toHaveLength(1);
  });

  it('an acknowledgement', () => {
    const { conversation } = talk((sequence) => [refusal(0, { sequence })]);
    expect(conversation.ask((sequence) => netlink.vethRequest(sequence, 'a', 'b'))).toEqual([]);
  });

  it.each([
    ['a refusal', 1, 'permission', 'EPERM', (sequence: number) => [refusal(1, { sequence })]],
    [
      'a list that breaks off',
      12,
      'system',
      'ENOMEM',
      (sequence: number) => [link({ sequence }), done(12, { sequence })],
    ],
  ] as const)('%s', (_, errno, kind, code, answer) => {
    const { conversation } = talk(answer);
    const error = thrownBy(() => conversation.ask(netlink.linkRequest));
    expect(error).toBeInstanceOf(LiveError);
    expect(error).toMatchObject({ kind, code });
    expect(errno).toBeGreaterThan(0);
  });

  const TORN = 0x10 | 2;

  it('NLM_F_DUMP_INTR: a list that changed meanwhile is asked for again', () => {
    const { conversation, sent } = talk(
      (sequence) => [link({ sequence }), link({ sequence, flags: TORN }), done(0, { sequence, flags: TORN })],
      (sequence) => [link({ sequence }), done(0, { sequence })],
    );
    expect(conversation.ask(netlink.linkRequest)).toHaveLength(1);
    expect(sent).toHaveLength(2);
  });

  it('NLM_F_DUMP_INTR on the last message alone counts too', () => {
    const { conversation, sent } = talk(
      (sequence) => [link({ sequence }), done(0, { sequence, flags: TORN })],
      (sequence) => [link({ sequence }), link({ sequence }), done(0, { sequence })],
    );
    expect(conversation.ask(netlink.linkRequest)).toHaveLength(2);
    expect(sent).toHaveLength(2);
  });

  it('one that never rests is taken as it is', () => {
    const { conversation, sent } = talk((sequence) => [
      link({ sequence, flags: TORN }),
      done(0, { sequence }),
    ]);
    expect(conversation.ask(netlink.linkRequest)).toHaveLength(1);
    expect(sent).toHaveLength(5);
  });
});

function thrownBy(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  return undefined;
}
