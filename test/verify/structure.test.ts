/** The proof over records: every kind of wrong record is found, on the host that has it. */

import { describe, expect, it } from 'vitest';
import * as abi from '../../src/abi/layout.ts';
import type { Plan } from '../../src/policy/compile.ts';
import { Fabric } from '../../src/verify/fabric.ts';
import { Failures } from '../../src/verify/failures.ts';
import { checkStructure } from '../../src/verify/structure.ts';
import { type Compile } from '../../src/verify/records.ts';
import { type Tamper, fabric, tampered, tamperedRanges } from './fabrics.ts';

const policy = fabric();

function failuresAfter(compile: Compile) {
  const failures = new Failures();
  checkStructure(new Fabric(policy), failures, compile);
  return failures;
}

/** Failures after `tamper` had its turn at the records of one host. */
function failuresOf(host: string, kind: number, tamper: Tamper) {
  return failuresAfter(
    tampered(kind, (record, planned) => (planned.host.name === host ? tamper(record, planned) : undefined)),
  );
}

type Meant = (record: DataView, planned: Plan) => boolean;

/** Tampers with the first record for which `isMeant` holds. */
function once(isMeant: Meant, change: Tamper): Tamper {
  let isDone = false;
  return (record, planned) => {
    if (isDone || !isMeant(record, planned)) return undefined;
    isDone = true;
    return change(record, planned);
  };
}

const address4 = (record: DataView) =>
  record.getUint8(abi.RECORD_FAMILY) === 4 ? record.getUint32(abi.RECORD_ADDRESS4) : 0;
const isIn =
  (vsid: number, last?: number): Meant =>
  (record, { subnets }) =>
    record.getUint32(abi.RECORD_SUBNET, true) === subnets.get(vsid)?.index &&
    (last === undefined || address4(record) === 0x0a00_0000 + last);
const isBlue = (last: number) => isIn(5001, last);
const isAny = () => true;

/** The record is one of another subnet's. */
const moveTo =
  (vsid: number): Tamper =>
  (record, { subnets }) => {
    record.setUint32(abi.RECORD_SUBNET, subnets.get(vsid)!.index, true);
    return undefined;
  };
const leadTo =
  (hopOf: (planned: Plan) => number): Tamper =>
  (record, planned) => {
    record.setUint16(abi.RECORD_NEXTHOP, hopOf(planned), true);
    return undefined;
  };
const portOf = (name: string) => (planned: Plan) => planned.hops.ofPort(planned.portOf.get(name)!);
const peerOf = (name: string) => (planned: Plan) =>
  [...planned.hops.peers.values()].find(({ host }) => host.name === name)!.index;
const set32 =
  (offset: number, value: number): Tamper =>
  (record) => {
    record.setUint32(offset, value, true);
    return undefined;
  };
const flip =
  (flag: number): Tamper =>
  (record) => {
    record.setUint8(abi.RECORD_FLAGS, record.getUint8(abi.RECORD_FLAGS) ^ flag);
    return undefined;
  };

const entryVsid = (record: DataView) => record.getUint32(abi.RECORD_VSID) >>> 8;
const setVsid =
  (value: number): Tamper =>
  (record) => {
    record.setUint8(abi.RECORD_VSID, value >>> 16);
    record.setUint16(abi.RECORD_VSID + 1, value & 0xffff);
    return undefined;
  };

it('nothing is wrong with what the compiler writes', () => {
  const failures = new Failures();
  const { hosts, records, required } = checkStructure(new Fabric(policy), failures);
  expect(failures.total).toBe(0);
  expect(hosts.map(({ host, domains }) => [host, domains])).toEqual([
    ['h1', 2],
    ['h2', 2],
    ['h3', 1],
    ['h4', 1],
    ['h5', 1],
    ['h6', 1],
  ]);
  expect(records).toBeGreaterThan(required);
});

describe('isolation', () => {
  it.each<[string, string, number, Tamper, string]>([
    [
      'an address in another customer’s virtual subnet',
      'h1',
      abi.RECORD_ADDRESS,
      once(isIn(6001, 41), moveTo(5002)),
      'h1: has a record of 10.0.0.41 in virtual subnet 5002, which nobody has',
    ],
    [
      'an address in another subnet of its own domain',
      'h3',
      abi.RECORD_ADDRESS,
      once(isBlue(21), moveTo(5002)),
      'h3: has a record of 10.0.0.21 in virtual subnet 5002, which nobody has',
    ],
    [
      'a virtual subnet of a domain that has no endpoint here',
      'h3',
      abi.RECORD_SUBNET_ENTRY,
      once(isAny, setVsid(6001)),
      'h3: knows virtual subnet 6001 of green/green-net, which has no endpoint here',
    ],
    [
      'a virtual subnet in the routing domain of another customer',
      'h1',
      abi.RECORD_SUBNET_ENTRY,
      once(
        (record) => entryVsid(record) === 6001,
        (record, planned) => {
          const [first] = planned.domains.values();
          return set32(abi.RECORD_DOMAIN, first!.index)(record, planned);
        },
      ),
      'h1: has virtual subnet 6001 of green/green-net in blue/blue-net',
    ],
    [
      'a virtual subnet in a routing domain of its own',
      'h3',
      abi.RECORD_SUBNET_ENTRY,
      once((record) => entryVsid(record) === 5002, set32(abi.RECORD_DOMAIN, 77)),
      'h3: has virtual subnet 5002 of blue/blue-net in a routing domain of its own',
    ],
    [
      'two virtual subnets with one number',
      'h3',
      abi.RECORD_SUBNET_ENTRY,
      once((record) => entryVsid(record) === 5002, set32(abi.RECORD_INDEX, 1)),
      'h3: virtual subnet 5002 or its number 1 is described twice',
    ],
    [
      'a virtual subnet that suddenly floods',
      'h3',
      abi.RECORD_SUBNET_ENTRY,
      once((record) => entryVsid(record) === 5003, flip(abi.SUBNET_FLOOD)),
      'h3: virtual subnet 5003 has other gateways or floods otherwise than it should',
    ],
    [
      'a gateway that is none',
      'h1',
      abi.RECORD_ADDRESS,
      once(isBlue(1), (record) => {
        record.setUint32(abi.RECORD_ADDRESS4, 0x0a00_0002);
        return undefined;
      }),
      'h1: has a record of 10.0.0.2 in virtual subnet 5001 as a gateway with MAC 02:00:5e:00:00:01, which it is not',
    ],
    [
      'an endpoint that is made a gateway',
      'h1',
      abi.RECORD_ADDRESS,
      once(
        isBlue(21),
        leadTo(() => abi.GATEWAY_HOP),
      ),
      'h1: has a record of 10.0.0.21 in virtual subnet 5001 as a gateway with MAC 02:15:5d:00:02:21',
    ],
    [
      'a next hop to the wrong local port',
      'h1',
      abi.RECORD_ADDRESS,
      once(isIn(6001, 11), leadTo(portOf('a'))),
      'h1: the record of ga (10.0.0.11) leads to a',
    ],
    [
      'a next hop to the wrong host',
      'h1',
      abi.RECORD_ENDPOINT_MAC,
      once(
        (record, planned) => record.getUint16(abi.RECORD_MAC + 4) === 0x0331 && isIn(5001)(record, planned),
        leadTo(peerOf('h2')),
      ),
      'h1: the record of c (02:15:5d:00:03:31) leads to h2',
    ],
    [
      'another one’s provider address',
      'h2',
      abi.RECORD_ADDRESS,
      once(isBlue(111), (record) => {
        record.setUint32(abi.RECORD_PROVIDER4, 0xc0a8_01d3);
        return undefined;
      }),
      'h2: the record of ra (10.0.0.111) has provider address 192.168.1.211, not 192.168.1.111',
    ],
    [
      'another MAC',
      'h1',
      abi.RECORD_ADDRESS,
      once(isBlue(21), (record) => {
        record.setUint16(abi.RECORD_MAC + 4, 0x0331);
        return undefined;
      }),
      'h1: the record of b (10.0.0.21) has MAC 02:15:5d:00:03:31',
    ],
    [
      'a port in another virtual subnet',
      'h1',
      abi.RECORD_PORT,
      // Blue's records come before green has a number: one that is none.
      once(isAny, set32(abi.RECORD_SUBNET, 77)),
      'h1: has a record (kind 4) of virtual subnet number 77, which is none',
    ],
    [
      'a port in another virtual subnet of its domain',
      'h1',
      abi.RECORD_PORT,
      once(isAny, moveTo(5002)),
      'h1: port 1 of a is in virtual subnet 5002 with MAC 02:15:5d:00:01:11',
    ],
    [
      'a port whose source addresses nobody looks at',
      'h1',
      abi.RECORD_PORT,
      once(isAny, flip(abi.PORT_FORWARDING)),
      'h1: port 1 of a is that of another kind of endpoint',
    ],
    [
      'a VLAN of another virtual subnet',
      'h1',
      abi.RECORD_VLAN,
      once(isAny, moveTo(5003)),
      'h1: VLAN 100 of trunk is virtual subnet 5003',
    ],
    [
      'copies of broadcasts to an endpoint of another customer',
      'h1',
      abi.RECORD_MEMBER,
      once(isIn(6001), leadTo(portOf('a'))),
      'h1: copies broadcasts of virtual subnet 6001 to a, who is not in it',
    ],
    [
      'copies of broadcasts to a host that has nobody in the subnet',
      'h1',
      abi.RECORD_MEMBER,
      once(isIn(6001), leadTo(peerOf('h3'))),
      'h1: copies broadcasts of virtual subnet 6001 to h3, where nobody is in it',
    ],
    [
      'two copies of broadcasts',
      'h4',
      abi.RECORD_MEMBER,
      once(
        (record, planned) => record.getUint16(abi.RECORD_NEXTHOP, true) === peerOf('h2')(planned),
        leadTo(peerOf('h1')),
      ),
      'h4: copies broadcasts of virtual subnet 6001 to h1 twice',
    ],
    [
      'a prefix that is none',
      'h1',
      abi.RECORD_PREFIX,
      once(isAny, set32(abi.RECORD_LENGTH, 48)),
      'h1: announces fd00::/48 in virtual subnet 5001, which it is not or twice',
    ],
    [
      'a peer that is somebody else',
      'h1',
      abi.RECORD_NEXT_HOP,
      once(
        (record) => record.getUint32(abi.RECORD_PROVIDER4) === 0xc0a8_0102,
        (record) => {
          record.setUint32(abi.RECORD_PROVIDER4, 0xc0a8_0303);
          return undefined;
        },
      ),
      'has provider addresses that are no one host’s',
    ],
    [
      'a peer that is told another layout of keys',
      'h1',
      abi.RECORD_NEXT_HOP,
      once((record) => record.getUint32(abi.RECORD_PROVIDER4) === 0xc0a8_0505, flip(abi.NEXT_HOP_DRAFT00)),
      'to h5 has another layout of keys than the policy',
    ],
    [
      'a peer’s address with another one’s next hop',
      'h1',
      abi.RECORD_PEER,
      once((record) => record.getUint32(abi.RECORD_PROVIDER4) === 0xc0a8_0303, leadTo(peerOf('h2'))),
      'h1: a peer’s address (h3) leads to h2',
    ],
    [
      'an endpoint that may suddenly forward',
      'h2',
      abi.RECORD_ENDPOINT_MAC,
      once(isAny, flip(abi.MAC_FORWARDING)),
      'h2: the record of a (02:15:5d:00:01:11) says it is another kind of endpoint',
    ],
    [
      'a route via another customer’s endpoint',
      'h1',
      abi.RECORD_ROUTE,
      once(
        (record) => address4(record) === 0x0a00_00fe,
        (record) => {
          record.setUint32(abi.RECORD_ADDRESS4, 0x0a00_0063);
          return undefined;
        },
      ),
      'h1: a route of blue/blue-net goes via 10.0.0.99, which nobody of it has',
    ],
    [
      'a route that leads back to itself',
      'h3',
      abi.RECORD_ROUTE,
      once(isAny, (record) => {
        record.setUint32(abi.RECORD_NEXT, record.getUint32(abi.RECORD_INDEX, true), true);
        return undefined;
      }),
      'h3: the routes of blue/blue-net have number 1, which is none or leads back to itself',
    ],
    [
      'the worse of two routes first',
      'h3',
      abi.RECORD_ROUTE,
      once((record) => record.getUint32(abi.RECORD_NEXT, true) !== 0, set32(abi.RECORD_NEXT, 0)),
      'h3: 10.98.0.0 and what follows in blue/blue-net go via 10.0.0.253, not go via 10.0.0.253, then 10.0.0.254',
    ],
    [
      'the routes of another domain',
      'h1',
      abi.RECORD_ROUTES,
      once(
        (record, { domains }) => domains.size === 2 && record.getUint8(abi.RECORD_FAMILY) === 4,
        set32(abi.RECORD_INDEX, 1),
      ),
      'h1: the routes of blue/blue-net lead to virtual subnet 6001 of green/green-net',
    ],
    [
      'routes in the place of another domain’s',
      'h1',
      abi.RECORD_ROUTES,
      once(
        (record, { domains }) => domains.size === 2 && record.getUint8(abi.RECORD_FAMILY) === 4,
        set32(abi.RECORD_BASE, 0),
      ),
      'h1: the IPv4 routes of green/green-net stand where those of blue/blue-net do',
    ],
    [
      'records that nobody knows',
      'h1',
      abi.RECORD_PREFIX,
      once(isAny, (record) => {
        record.setUint8(abi.RECORD_KIND, abi.RECORD_PREFIX | abi.RECORD_REMOVE);
        return undefined;
      }),
      'h1: has a record of kind 137, which is none',
    ],
  ])('%s', (_what, host, kind, tamper, message) => {
    const failures = failuresOf(host, kind, tamper);
    expect(failures.count('isolation')).toBeGreaterThan(0);
    const found = failures.kept.filter(({ check }) => check === 'isolation');
    expect(found.map((one) => one.message).join('\n')).toContain(message);
  });
});

describe('ranges of routes', () => {
  const found = (host: string, tamper: (family: 4 | 6, ranges: DataView) => void) =>
    failuresAfter(tamperedRanges((name) => name === host, tamper)).kept.map(({ message }) => message);

  it('that lead somewhere else', () => {
    const messages = found('h3', (family, ranges) => {
      if (family === 4) ranges.setUint32(4, abi.RANGE_CONNECTED | 1, true);
    });
    expect(messages).toEqual([
      'h3: 0.0.0.0 and what follows in blue/blue-net are virtual subnet 5001’s, not go via 10.0.0.254',
    ]);
  });

  it('that begin elsewhere', () => {
    const messages = found('h3', (family, ranges) => {
      // fd00::/64 begins one address later.
      if (family === 6) ranges.setBigUint64(findRange6(ranges, 0xfd00n << 48n) + 8, 1n, true);
    });
    expect(messages[0]).toMatch(/^h3: fd00:: and what follows in blue\/blue-net go via fd00::fe, not are/);
  });

  it('that are out of order', () => {
    const messages = found('h4', (family, ranges) => {
      if (family === 4) ranges.setUint32(0, 5, true);
    });
    expect(messages).toEqual(['h4: the IPv4 routes of green/green-net are no ranges over all addresses']);
  });

  function findRange6(ranges: DataView, high: bigint): number {
    for (let at = 0; ; at += abi.STAGED_RANGE6_SIZE) if (ranges.getBigUint64(at, true) === high) return at;
  }
});

describe('reachability', () => {
  it.each<[string, string, number, Tamper, string]>([
    [
      'an address',
      'h2',
      abi.RECORD_ADDRESS,
      once(isBlue(31), () => 'omit'),
      'h2: has no record of c (10.0.0.31)',
    ],
    [
      'a MAC',
      'h6',
      abi.RECORD_ENDPOINT_MAC,
      once(isAny, () => 'omit'),
      'h6: has no record of a (02:15:5d:00:01:11)',
    ],
    [
      'a virtual subnet',
      'h3',
      abi.RECORD_SUBNET_ENTRY,
      once(
        (record) => entryVsid(record) === 5001,
        () => 'omit',
      ),
      'h3: has a record (kind 9) of virtual subnet number 1, which is none',
    ],
    ['a port', 'h6', abi.RECORD_PORT, once(isAny, () => 'omit'), 'h6: d has no port'],
    ['a VLAN', 'h1', abi.RECORD_VLAN, once(isAny, () => 'omit'), 'h1: trunk lacks VLANs on its port'],
    [
      'a gateway',
      'h3',
      abi.RECORD_ADDRESS,
      once(isBlue(1), () => 'omit'),
      'h3: has no record of gateway 10.0.0.1 in virtual subnet 5001',
    ],
    [
      'a prefix',
      'h3',
      abi.RECORD_PREFIX,
      once(isIn(5002), () => 'omit'),
      'h3: does not announce all prefixes of virtual subnet 5002',
    ],
    [
      'copies for an endpoint',
      'h4',
      abi.RECORD_MEMBER,
      once(
        (record, planned) => record.getUint16(abi.RECORD_NEXTHOP, true) === portOf('gc')(planned),
        () => 'omit',
      ),
      'h4: copies no broadcasts of virtual subnet 6001 to gc',
    ],
    [
      'copies for a host',
      'h4',
      abi.RECORD_MEMBER,
      once(
        (record, planned) => record.getUint16(abi.RECORD_NEXTHOP, true) === peerOf('h2')(planned),
        () => 'omit',
      ),
      'h4: copies no broadcasts of virtual subnet 6001 to h2',
    ],
    [
      'routes',
      'h4',
      abi.RECORD_ROUTES,
      once(
        (record) => record.getUint8(abi.RECORD_FAMILY) === 6,
        () => 'omit',
      ),
      'h4: has no IPv6 routes of green/green-net',
    ],
    [
      'a peer',
      'h3',
      abi.RECORD_PEER,
      once(
        (record) => record.getUint8(abi.RECORD_FAMILY) === 4,
        () => 'omit',
      ),
      'h3: does not know the IPv4 address of its peer',
    ],
    ['itself', 'h1', abi.RECORD_HOST, once(isAny, () => 'omit'), 'h1: has 0 records of itself, not one'],
    [
      'a provider address',
      'h1',
      abi.RECORD_ADDRESS,
      once(isBlue(121), (record) => {
        record.setUint32(abi.RECORD_PROVIDER4, 0);
        return undefined;
      }),
      'h1: the record of rb (10.0.0.121) has provider address none, not 192.168.1.121',
    ],
    [
      'an outer MAC',
      'h1',
      abi.RECORD_NEXT_HOP,
      once(
        (record) => record.getUint8(abi.RECORD_FAMILY) === 4,
        (record) => {
          for (let byte = 0; byte < 6; byte++) record.setUint8(abi.RECORD_MAC + byte, 0);
          return undefined;
        },
      ),
      'has no IPv4 way there (outer MAC 00:00:00:00:00:00)',
    ],
  ])('without %s', (_what, host, kind, tamper, message) => {
    const failures = failuresOf(host, kind, tamper);
    expect(failures.kept.map((one) => one.message).join('\n')).toContain(message);
    expect(failures.count('reachability')).toBeGreaterThan(0);
  });

  it('names a packet that shows it: from the host that lacks the record', () => {
    const failures = failuresOf(
      'h2',
      abi.RECORD_ADDRESS,
      once(isBlue(31), () => 'omit'),
    );
    expect(failures.kept[0]!.trip).toMatchObject({
      from: { endpoint: { host: 1 } },
      to: { endpoint: { name: 'c' } },
    });
  });
});
