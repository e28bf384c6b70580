/** ECN and DSCP on the way in and out of the envelope: RFC 6040 §4, RFC 9601, RFC 2983. */

import { DROP_ECN_CE } from '../../src/abi/verdict.ts';
import { pattern, udp } from '../packets/index.ts';
import { type Case, envelope4, envelope6, frame4, frame6, tunnelled4, tunnelled6 } from './case.ts';
import { BLUE } from './fabric.ts';

const datagram = udp({ srcPort: 1, dstPort: 2 }, pattern(9));
const NAMES = ['Not-ECT', 'ECT(1)', 'ECT(0)', 'CE'] as const;

// Rows: the inner field; columns: the outer field; both in the order of the codepoints 00, 01, 10, 11 (RFC 6040 figure 4).
const COMBINED: readonly (readonly (number | 'drop')[])[] = [
  [0b00, 0b00, 0b00, 'drop'],
  [0b01, 0b01, 0b01, 0b11],
  [0b10, 0b01, 0b10, 0b11],
  [0b11, 0b11, 0b11, 0b11],
];

const DSCP = 0b101110 << 2;

const DECAPSULATION: Case[] = COMBINED.flatMap((row, inner) =>
  row.flatMap((combined, outer) =>
    [frame4, frame6].flatMap((frame) =>
      [envelope4, envelope6].map((envelope): Case => ({
        rules: ['ECN'],
        name: `inner IPv${frame === frame4 ? 4 : 6} ${NAMES[inner]!}, outer IPv${envelope === envelope4 ? 4 : 6} ${NAMES[outer]!}`,
        host: 'h2',
        port: 'uplink',
        frame: envelope('h1', 'h2', BLUE, frame('a', 'b', datagram, { tos: DSCP | inner }), { tos: outer }),
        expected:
          combined === 'drop'
            ? DROP_ECN_CE
            : { port: 'b', frame: frame('a', 'b', datagram, { tos: DSCP | combined }) },
      })),
    ),
  ),
);

const wrong = (tos: number) => frame4('a', 'b', datagram, { tos, checksumError: 0x1111 });

const WRONG_CHECKSUM: Case = {
  rules: ['ECN'],
  name: 'a wrong inner IPv4 checksum stays wrong by the same difference when the field changes',
  host: 'h2',
  port: 'uplink',
  frame: envelope4('h1', 'h2', BLUE, wrong(0b10), { tos: 0b11 }),
  expected: { port: 'b', frame: wrong(0b11) },
};

const ENCAPSULATION: Case[] = [0b00, 0b01, 0b10, 0b11].flatMap((ecn) => {
  const tos = DSCP | ecn;
  const name = NAMES[ecn]!;
  const sent4 = frame4('a', 'b', datagram, { tos });
  const sent6 = frame6('a', 'd', datagram, { tos });
  return [
    {
      rules: ['ECN', 'DSCP'],
      name: `normal mode, uniform: ${name} in IPv4`,
      frame: sent4,
      expected: tunnelled4('h1', 'h2', BLUE, sent4, { tos }),
    },
    {
      rules: ['ECN', 'DSCP'],
      name: `normal mode, uniform: ${name} in IPv6`,
      frame: sent6,
      expected: tunnelled6('h1', 'h6', BLUE, sent6, { tos }),
    },
    {
      rules: ['ECN'],
      name: `compatibility mode: ${name} becomes Not-ECT`,
      frame: sent4,
      provider: { ecn: 'compatibility' },
      expected: tunnelled4('h1', 'h2', BLUE, sent4, { tos: DSCP }),
    },
    {
      rules: ['DSCP', 'ECN'],
      name: `pipe: a fixed DSCP, ${name} copied`,
      frame: sent6,
      provider: { dscp: 10 },
      expected: tunnelled6('h1', 'h6', BLUE, sent6, { tos: (10 << 2) | ecn }),
    },
  ].map((one) => ({ ...one, host: 'h1' as const, port: 'a' as const }));
});

const BOTH: Case[] = [
  {
    rules: ['DSCP', 'ECN'],
    name: 'pipe and compatibility: nothing is copied',
    host: 'h1',
    port: 'a',
    frame: frame4('a', 'b', datagram, { tos: 0xff }),
    provider: { dscp: 0, ecn: 'compatibility' },
    expected: tunnelled4('h1', 'h2', BLUE, frame4('a', 'b', datagram, { tos: 0xff }), { tos: 0 }),
  },
  {
    rules: ['DSCP'],
    name: 'the inner DSCP stays whatever the outer one is',
    host: 'h2',
    port: 'uplink',
    frame: envelope4('h1', 'h2', BLUE, frame4('a', 'b', datagram, { tos: DSCP }), { tos: 0b001010 << 2 }),
    expected: { port: 'b', frame: frame4('a', 'b', datagram, { tos: DSCP }) },
  },
];

export const ECN_CASES: readonly Case[] = [...DECAPSULATION, WRONG_CHECKSUM, ...ENCAPSULATION, ...BOTH];
