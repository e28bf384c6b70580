/** What the kernel's addresses must be for a host of the fabric, said once and when it changes. */

import { beforeEach, describe, expect, it } from 'vitest';
import { parseIp, parsePolicy } from '../../src/index.ts';
import type { KernelAddress, Link } from '../../src/live/underlay/netlink.ts';
import { OwnAddresses, rewriteProblems } from '../../src/live/underlay/own-addresses.ts';
import { POLICY } from './policy.ts';

const policy = parsePolicy(POLICY);
const [here, there] = policy.hosts as [(typeof policy.hosts)[0], (typeof policy.hosts)[0]];
const link = (index: number, name: string) => ({ index, name }) as Link;
const UPLINK = link(7, 'up0');
const address = (text: string, at: number, length: number): KernelAddress => ({
  interface: at,
  address: parseIp(text)!,
  length,
});
const OWN = [address('192.168.1.10', 7, 24), address('2001:db8:1::10', 7, 64)];

const source = (addresses: readonly KernelAddress[]) => ({
  addresses: () => addresses,
  links: () => [UPLINK, link(1, 'lo')],
});

const MISSING =
  'warn 192.168.1.10, which the policy gives here, is not an address of up0: nobody answers peers that ask for it: ' +
  'ip addr add 192.168.1.10/24 dev up0';
const TAKEN =
  '192.168.1.110, the rewrite address of r, is an address of this machine: its kernel answers what is r’s: ' +
  'ip addr del 192.168.1.110/32 dev lo';

describe('while it runs', () => {
  let lines: string[];
  let own: OwnAddresses;
  const look = (addresses: readonly KernelAddress[], host = here) => {
    own.look(policy, host, UPLINK, source(addresses));
    return lines.splice(0);
  };

  beforeEach(() => {
    lines = [];
    own = new OwnAddresses((level, message) => lines.push(`${level} ${message}`));
  });

  it('all is well: nothing is said', () => {
    expect(look(OWN)).toEqual([]);
  });

  it('an address that is missing is said once, and when it is there', () => {
    expect(look(OWN.slice(1))).toEqual([MISSING]);
    expect(look(OWN.slice(1))).toEqual([]);
    expect(look(OWN)).toEqual(['info 192.168.1.10 is an address of up0 now']);
    expect(look(OWN)).toEqual([]);
    expect(look(OWN.slice(1))).toEqual([MISSING]);
  });

  it('both families, and one at another interface is not the uplink’s', () => {
    const other = address('192.168.1.10', 1, 24);
    expect(look([other])).toEqual([MISSING, expect.stringMatching(/^warn 2001:db8:1::10, .*dev up0$/)]);
  });

  it('a rewrite address that the kernel has is an error, until it has it no more', () => {
    const taken = address('192.168.1.110', 1, 32);
    expect(look([...OWN, taken])).toEqual([`error ${TAKEN}`]);
    expect(look([...OWN, taken])).toEqual([]);
    expect(look(OWN)).toEqual([
      'info 192.168.1.110, the rewrite address of r, is no address of this machine any more',
    ]);
  });

  it('what is of no account any more is not said to be right', () => {
    expect(look([])).toHaveLength(2);
    expect(look([address('192.168.1.20', 7, 24), address('2001:db8:1::20', 7, 64)], there)).toEqual([]);
  });
});

it('at the start: a line for each, of this host alone', () => {
  const taken = [address('192.168.1.110', 1, 32), address('2001:db8:1::110', 9, 128)];
  expect(rewriteProblems(policy, here, source([...OWN, ...taken]))).toEqual([
    TAKEN,
    expect.stringMatching(/^2001:db8:1::110, .* ip addr del 2001:db8:1::110\/128 dev if9$/),
  ]);
  expect(rewriteProblems(policy, there, source(taken))).toEqual([]);
});
