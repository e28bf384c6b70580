/** A valid policy, and what breaks each rule that a policy must keep. */

export const VALID = `version: 1
hosts:
  - { name: h1, addresses: [192.168.1.1/24], mac: 02:00:00:00:01:01, gateway: { address: 192.168.1.254, mac: 02:00:00:00:01:fe } }
  - { name: h2, addresses: [192.168.2.1/24], mac: 02:00:00:00:02:01, gateway: { address: 192.168.2.254, mac: 02:00:00:00:02:fe } }
customers:
  - name: c1
    routingDomains:
      - name: d1
        id: 00000000-0000-4000-8000-000000000001
        subnets:
          - { vsid: 5001, prefixes: [10.0.0.0/24, "fd00::/64"], gateways: [10.0.0.1] }
          - { vsid: 5002, prefixes: [10.0.1.0/24] }
        routes:
          - { to: 0.0.0.0/0, via: 10.0.0.11, metric: 5 }
        endpoints:
          - { name: a, vsid: 5001, mac: 02:00:00:00:aa:01, addresses: [10.0.0.11], host: h1 }
          - { name: b, vsid: 5001, mac: 02:00:00:00:aa:02, addresses: [10.0.0.12], host: h2 }
          - { name: r, vsid: 5002, mac: 02:00:00:00:aa:03, addresses: [10.0.1.13], host: h2, method: rewrite, providerAddresses: [192.168.2.13] }
`;

export const E = 'customers[0].routingDomains[0].endpoints';
export const S = 'customers[0].routingDomains[0].subnets';
export const R = 'customers[0].routingDomains[0].routes';

export interface Broken {
  readonly name: string;
  /** A piece of the valid text, and what stands there instead. */
  readonly replace: readonly [string, string];
  /** Line, what stands at the place that is named, path and message. */
  readonly lines: readonly (readonly [line: number, at: string, message: string])[];
}

export const BROKEN: readonly Broken[] = [
  {
    name: 'an unknown key, with the one that was meant',
    replace: ['method: rewrite', 'methd: rewrite'],
    lines: [[18, 'rewrite, providerAddresse', `${E}[2].methd: unknown key "methd", did you mean "method"?`]],
  },
  {
    name: 'an unknown top-level key',
    replace: ['version: 1', 'version: 1\nhost: []'],
    lines: [[2, '[]', 'host: unknown key "host", did you mean "hosts"?']],
  },
  {
    name: 'another version',
    replace: ['version: 1', 'version: 2'],
    lines: [[1, '2', 'version: expected the number 1, got 2']],
  },
  {
    name: 'a reserved VSID',
    replace: ['vsid: 5002, prefixes', 'vsid: 4095, prefixes'],
    lines: [
      [
        12,
        '4095, prefixes: [10.0.1.0',
        `${S}[1].vsid: expected a virtual subnet id from 4096 to 16777214 (RFC 7637: 0 to 4095 are reserved), got 4095`,
      ],
      [
        18,
        '5002, mac: 02:00:00:00:aa',
        `${E}[2].vsid: expected a virtual subnet of the routing domain (5001, 4095), got 5002`,
      ],
    ],
  },
  {
    name: 'the reserved last VSID',
    replace: ['vsid: 5002, prefixes', 'vsid: 16777215, prefixes'],
    lines: [
      [
        12,
        '16777215, prefixes: [10.0',
        `${S}[1].vsid: expected a virtual subnet id from 4096 to 16777214 (RFC 7637: 16777215 is reserved), got 16777215`,
      ],
      [
        18,
        '5002, mac: 02:00:00:00:aa',
        `${E}[2].vsid: expected a virtual subnet of the routing domain (5001, 16777215), got 5002`,
      ],
    ],
  },
  {
    name: 'a VSID twice',
    replace: ['vsid: 5002, prefixes', 'vsid: 5001, prefixes'],
    lines: [
      [
        12,
        '5001, prefixes: [10.0.1.0',
        `${S}[1].vsid: expected it once, got virtual subnet 5001 again (first: ${S}[0].vsid, line 11)`,
      ],
      [
        18,
        '5002, mac: 02:00:00:00:aa',
        `${E}[2].vsid: expected a virtual subnet of the routing domain (5001), got 5002`,
      ],
    ],
  },
  {
    name: 'an endpoint name twice',
    replace: ['name: b,', 'name: a,'],
    lines: [
      [
        17,
        'a, vsid: 5001, mac: 02:00',
        `${E}[1].name: expected it once, got endpoint "a" again (first: ${E}[0].name, line 16)`,
      ],
    ],
  },
  {
    name: 'a host name twice',
    replace: ['name: h2', 'name: h1'],
    lines: [
      [
        4,
        'h1, addresses: [192.168.2',
        'hosts[1].name: expected it once, got host "h1" again (first: hosts[0].name, line 3)',
      ],
      [17, 'h2 }', `${E}[1].host: expected a host of the policy, got "h2", did you mean "h1"?`],
      [
        18,
        'h2, method: rewrite, prov',
        `${E}[2].host: expected a host of the policy, got "h2", did you mean "h1"?`,
      ],
    ],
  },
  {
    name: 'a host MAC twice',
    replace: ['mac: 02:00:00:00:02:01', 'mac: 02:00:00:00:01:01'],
    lines: [
      [
        4,
        '02:00:00:00:01:01, gatewa',
        'hosts[1].mac: expected it once, got MAC 02:00:00:00:01:01 again (first: hosts[0].mac, line 3)',
      ],
    ],
  },
  {
    name: 'a MAC twice in a subnet',
    replace: ['02:00:00:00:aa:02', '02-00-00-00-AA-01'],
    lines: [
      [
        17,
        '02-00-00-00-AA-01, addres',
        `${E}[1].mac: expected it once, got MAC 02-00-00-00-AA-01 in virtual subnet 5001 again (first: ${E}[0].mac, line 16)`,
      ],
    ],
  },
  {
    name: 'a customer address twice in a routing domain',
    replace: ['[10.0.0.12]', '[10.0.0.11]'],
    lines: [
      [
        17,
        '10.0.0.11], host: h2 }',
        `${E}[1].addresses[0]: expected it once, got address 10.0.0.11 again (first: ${E}[0].addresses[0], line 16)`,
      ],
    ],
  },
  {
    name: 'a rewrite address that is a host’s',
    replace: ['[192.168.2.13]', '[192.168.2.1]'],
    lines: [
      [
        18,
        '192.168.2.1] }',
        `${E}[2].providerAddresses[0]: expected it once, got provider address 192.168.2.1 again (first: hosts[1].addresses[0], line 4)`,
      ],
    ],
  },
  {
    name: 'an address outside its subnet',
    replace: ['[10.0.0.12]', '[10.0.2.12]'],
    lines: [
      [
        17,
        '10.0.2.12], host: h2 }',
        `${E}[1].addresses[0]: expected an address in 10.0.0.0/24 or fd00::/64, got 10.0.2.12`,
      ],
    ],
  },
  {
    name: 'the gateway’s address',
    replace: ['[10.0.0.12]', '[10.0.0.1]'],
    lines: [
      [
        17,
        '10.0.0.1], host: h2 }',
        `${E}[1].addresses[0]: expected an address of its own, got 10.0.0.1, the gateway of virtual subnet 5001`,
      ],
    ],
  },
  {
    name: 'a network’s broadcast address',
    replace: ['[10.0.0.12]', '[10.0.0.255]'],
    lines: [
      [
        17,
        '10.0.0.255], host: h2 }',
        `${E}[1].addresses[0]: expected a host’s address, got 10.0.0.255, the broadcast address`,
      ],
    ],
  },
  {
    name: 'a sloppy address',
    replace: ['[10.0.0.12]', '[010.0.0.12]'],
    lines: [
      [
        17,
        '010.0.0.12], host: h2 }',
        `${E}[1].addresses[0]: expected an IPv4 or IPv6 address, got "010.0.0.12"`,
      ],
    ],
  },
  {
    name: 'overlapping prefixes in a routing domain',
    replace: ['[10.0.1.0/24]', '[10.0.0.0/23]'],
    lines: [
      [
        12,
        '10.0.0.0/23] }',
        `${S}[1].prefixes[0]: expected networks that do not overlap, got 10.0.0.0/23 beside 10.0.0.0/24`,
      ],
    ],
  },
  {
    name: 'host bits in a prefix',
    replace: ['[10.0.1.0/24]', '[10.0.1.1/24]'],
    lines: [
      [
        12,
        '10.0.1.1/24] }',
        `${S}[1].prefixes[0]: expected the network 10.0.1.0/24, host bits zero, got "10.0.1.1/24"`,
      ],
    ],
  },
  {
    name: 'a gateway outside the subnet',
    replace: ['gateways: [10.0.0.1]', 'gateways: [10.9.9.9]'],
    lines: [
      [
        11,
        '10.9.9.9] }',
        `${S}[0].gateways[0]: expected an address in 10.0.0.0/24 or fd00::/64, got 10.9.9.9`,
      ],
    ],
  },
  {
    name: 'a group MAC',
    replace: ['02:00:00:00:aa:02', '03:00:00:00:aa:02'],
    lines: [
      [
        17,
        '03:00:00:00:aa:02, addres',
        `${E}[1].mac: expected a unicast MAC like 02:00:00:00:00:01, got "03:00:00:00:aa:02"`,
      ],
    ],
  },
  {
    name: 'the router’s MAC',
    replace: ['02:00:00:00:aa:02', '02:00:5e:00:00:01'],
    lines: [
      [
        17,
        '02:00:5e:00:00:01, addres',
        `${E}[1].mac: expected a MAC of its own, got 02:00:5e:00:00:01, the router’s`,
      ],
    ],
  },
  {
    name: 'an unknown host',
    replace: ['host: h2 }', 'host: h3 }'],
    lines: [[17, 'h3 }', `${E}[1].host: expected a host of the policy, got "h3", did you mean "h1"?`]],
  },
  {
    name: 'rewrite without a provider address',
    replace: [', providerAddresses: [192.168.2.13]', ''],
    lines: [
      [
        18,
        '{ name: r, vsid: 5002, ma',
        `${E}[2].providerAddresses: expected an IPv4 provider address for 10.0.1.13, got none`,
      ],
    ],
  },
  {
    name: 'rewrite with one of the other family',
    replace: ['[192.168.2.13]', '["2001:db8::13"]'],
    lines: [
      [
        18,
        '["2001:db8::13"] }',
        `${E}[2].providerAddresses: expected an IPv4 provider address for 10.0.1.13, got none`,
      ],
      [
        18,
        '["2001:db8::13"] }',
        `${E}[2].providerAddresses: expected a customer address of the same family for each, got 2001:db8::13 without one`,
      ],
    ],
  },
  {
    name: 'provider addresses with NVGRE',
    replace: ['host: h1 }', 'host: h1, providerAddresses: [192.168.1.9] }'],
    lines: [
      [
        16,
        '[192.168.1.9] }',
        `${E}[0].providerAddresses: expected none with method nvgre (its host’s address is used), got some`,
      ],
    ],
  },
  {
    name: 'no address and not forwarding',
    replace: ['[10.0.0.12]', '[]'],
    lines: [
      [
        17,
        '[], host: h2 }',
        `${E}[1].addresses: expected at least one address (only a forwarding endpoint may have none), got none`,
      ],
    ],
  },
  {
    name: 'a route through nobody',
    replace: ['via: 10.0.0.11', 'via: 10.0.0.99'],
    lines: [
      [
        14,
        '10.0.0.99, metric: 5 }',
        `${R}[0].via: expected an address of an endpoint in the routing domain, got 10.0.0.99`,
      ],
    ],
  },
  {
    name: 'a route of two families',
    replace: ['via: 10.0.0.11', 'via: "fd00::11"'],
    lines: [[14, '"fd00::11", metric: 5 }', `${R}[0].via: expected an IPv4 address, got fd00::11`]],
  },
  {
    name: 'a routing domain id that is none',
    replace: ['00000000-0000-4000-8000-000000000001', '1234'],
    lines: [[9, '1234', 'customers[0].routingDomains[0].id: expected a UUID, got 1234']],
  },
  {
    name: 'a next hop that nobody could know',
    replace: [', gateway: { address: 192.168.1.254, mac: 02:00:00:00:01:fe }', ''],
    lines: [
      [
        3,
        '{ name: h1, addresses: [1',
        'hosts[0]: expected a gateway, because "h2" (192.168.2.1) is outside the provider prefix of "h1", got none',
      ],
    ],
  },
  {
    name: 'hosts without a family in common',
    replace: ['192.168.1.1/24', '2001:db8::1/64'],
    lines: [
      [
        3,
        '[2001:db8::1/64], mac: 02',
        'hosts[0].addresses: expected an address family in common with "h2" (both have endpoints of one routing domain), got none',
      ],
    ],
  },
  {
    name: 'two addresses of one family',
    replace: ['[192.168.1.1/24]', '[192.168.1.1/24, 192.168.1.2/24]'],
    lines: [
      [
        3,
        '192.168.1.2/24], mac: 02:',
        'hosts[0].addresses[1]: expected one IPv4 address, got 192.168.1.2/24 as well',
      ],
    ],
  },
  {
    name: 'a key layout that does not exist',
    replace: ['mac: 02:00:00:00:01:01,', 'mac: 02:00:00:00:01:01, nvgreKey: draft01,'],
    lines: [
      [3, 'draft01, gateway: { addre', 'hosts[0].nvgreKey: expected "rfc7637" or "draft00", got "draft01"'],
    ],
  },
  {
    name: 'limits out of range',
    replace: ['version: 1', 'version: 1\nprovider: { floodLimit: 1000001, icmpLimit: -1 }'],
    lines: [
      [2, '1000001, icmp', 'provider.floodLimit: expected an integer from 0 to 1000000, got 1000001'],
      [2, '-1 }', 'provider.icmpLimit: expected an integer from 0 to 1000000, got -1'],
    ],
  },
  {
    name: 'a VSID in quotes, once',
    replace: ['vsid: 5002, prefixes', 'vsid: "5002", prefixes'],
    lines: [
      [
        12,
        '"5002", prefixes',
        `${S}[1].vsid: expected a virtual subnet id from 0 to 16777215, got "5002": write it without quotes`,
      ],
    ],
  },
  {
    name: 'an address that YAML takes for a key',
    replace: ['"fd00::/64"], gateways: [10.0.0.1]', '"fd00::/64"], gateways: [10.0.0.1, fd00::]'],
    lines: [
      [
        11,
        'fd00::] }',
        `${S}[0].gateways[1]: expected an IPv4 or IPv6 address, got an object: write it with quotes, 'fd00::'`,
      ],
    ],
  },
  {
    name: 'a VLAN to a virtual subnet of somebody else',
    replace: ['host: h1 }', 'host: h1, vlans: { 10: 9999 } }'],
    lines: [
      [
        16,
        '9999 }',
        `${E}[0].vlans.10: expected a virtual subnet of the routing domain (5001, 5002), got 9999`,
      ],
    ],
  },
  {
    name: 'a VLAN to the endpoint’s own virtual subnet',
    replace: ['host: h1 }', 'host: h1, vlans: { 10: 5001 } }'],
    lines: [
      [16, '5001 } }', `${E}[0].vlans.10: expected another virtual subnet than the endpoint’s own, got 5001`],
    ],
  },
  {
    name: 'two VLANs of one virtual subnet',
    replace: ['host: h1 }', 'host: h1, vlans: { 10: 5002, 20: 5002 } }'],
    lines: [
      [
        16,
        '5002 } }',
        `${E}[0].vlans.20: expected it once, got virtual subnet 5002 again (first: ${E}[0].vlans.10, line 16)`,
      ],
    ],
  },
  {
    name: 'a VLAN id that is none',
    replace: ['host: h1 }', 'host: h1, vlans: { 4095: 5002 } }'],
    lines: [[16, '5002 } }', `${E}[0].vlans.4095: expected a VLAN id from 1 to 4094, got 4095`]],
  },
  {
    name: 'a MAC twice in a subnet, by way of a VLAN',
    replace: [
      'aa:01, addresses: [10.0.0.11], host: h1 }',
      'aa:03, addresses: [10.0.0.11], host: h1, vlans: { 10: 5002 } }',
    ],
    lines: [
      [
        18,
        '02:00:00:00:aa:03, addres',
        `${E}[2].mac: expected it once, got MAC 02:00:00:00:aa:03 in virtual subnet 5002 again (first: ${E}[0].mac, line 16)`,
      ],
    ],
  },
  {
    name: 'an address outside the endpoint’s subnets',
    replace: ['[10.0.0.11], host: h1 }', '[10.0.0.11, 10.0.2.9], host: h1, vlans: { 10: 5002 } }'],
    lines: [
      [
        16,
        '10.0.2.9]',
        `${E}[0].addresses[1]: expected an address in 10.0.0.0/24 or fd00::/64 or 10.0.1.0/24, got 10.0.2.9`,
      ],
    ],
  },
  {
    name: 'a route through a gateway',
    replace: ['via: 10.0.0.11', 'via: 10.0.0.1'],
    lines: [
      [
        14,
        '10.0.0.1, metric: 5 }',
        `${R}[0].via: expected an address of an endpoint in the routing domain, got 10.0.0.1, the gateway of virtual subnet 5001`,
      ],
    ],
  },
  {
    name: 'a route to a subnet',
    replace: ['to: 0.0.0.0/0', 'to: 10.0.1.0/24'],
    lines: [
      [
        14,
        '10.0.1.0/24, via',
        `${R}[0].to: expected a network that is no subnet’s, got 10.0.1.0/24, a prefix of virtual subnet 5002`,
      ],
    ],
  },
  {
    name: 'a route twice',
    replace: ['metric: 5 }', 'metric: 5 }\n          - { to: 0.0.0.0/0, via: 10.0.0.12, metric: 5 }'],
    lines: [
      [
        15,
        '{ to: 0.0.0.0/0',
        `${R}[1]: expected it once, got route to 0.0.0.0/0 with metric 5 again (first: ${R}[0], line 14)`,
      ],
    ],
  },
  {
    name: 'a route through the network that it leads to',
    replace: ['to: 0.0.0.0/0', 'to: 10.0.0.0/25'],
    lines: [
      [
        14,
        '10.0.0.11, metric: 5 }',
        `${R}[0].via: expected a next hop that no route leads back to, got 10.0.0.11: 10.0.0.0/25 via 10.0.0.11 → 10.0.0.0/25`,
      ],
    ],
  },
  {
    name: 'routes through each other, once',
    replace: [
      'to: 0.0.0.0/0, via: 10.0.0.11, metric: 5 }',
      'to: 10.0.1.0/28, via: 10.0.0.11 }\n          - { to: 10.0.0.8/29, via: 10.0.1.13 }\n          - { to: 0.0.0.0/0, via: 10.0.0.12 }',
    ],
    lines: [
      [
        14,
        '10.0.0.11 }',
        `${R}[0].via: expected a next hop that no route leads back to, got 10.0.0.11: 10.0.1.0/28 via 10.0.0.11 → 10.0.0.8/29 via 10.0.1.13 → 10.0.1.0/28`,
      ],
    ],
  },
  {
    name: 'a route through a link-local address',
    replace: ['to: 0.0.0.0/0, via: 10.0.0.11', 'to: "::/0", via: "fe80::1"'],
    lines: [
      [14, '"fe80::1", metric', `${R}[0].via: expected an address that is not link-local, got fe80::1`],
    ],
  },
  {
    name: 'a rewrite address that is a gateway’s',
    replace: ['[192.168.2.13]', '[192.168.2.254]'],
    lines: [
      [
        18,
        '192.168.2.254] }',
        `${E}[2].providerAddresses[0]: expected it once, got provider address 192.168.2.254 again (first: hosts[1].gateway.address, line 4)`,
      ],
    ],
  },
  {
    name: 'a gateway with a host’s address',
    replace: ['address: 192.168.1.254', 'address: 192.168.2.1'],
    lines: [
      [
        3,
        '192.168.2.1, mac',
        'hosts[0].gateway.address: expected it once, got provider address 192.168.2.1 again (first: hosts[1].addresses[0], line 4)',
      ],
    ],
  },
  {
    name: 'a subnet’s gateway that is the broadcast address',
    replace: ['gateways: [10.0.0.1]', 'gateways: [10.0.0.255]'],
    lines: [
      [
        11,
        '10.0.0.255] }',
        `${S}[0].gateways[0]: expected a host’s address, got 10.0.0.255, the broadcast address`,
      ],
    ],
  },
  {
    name: 'a subnet’s gateway twice',
    replace: ['gateways: [10.0.0.1]', 'gateways: [10.0.0.1, 10.0.0.1]'],
    lines: [
      [
        11,
        '10.0.0.1] }',
        `${S}[0].gateways[1]: expected it once, got gateway 10.0.0.1 again (first: ${S}[0].gateways[0], line 11)`,
      ],
    ],
  },
  {
    name: 'a DSCP of more than 6 bits',
    replace: ['version: 1', 'version: 1\nprovider: { dscp: 64 }'],
    lines: [[2, '64 }', 'provider.dscp: expected "uniform" or an integer from 0 to 63, got 64']],
  },
  {
    name: 'an MTU too small for IPv6 between hosts',
    replace: [
      'version: 1\nhosts:\n  - { name: h1, addresses: [192.168.1.1/24], mac: 02:00:00:00:01:01, gateway: { address: 192.168.1.254, mac: 02:00:00:00:01:fe } }\n  - { name: h2, addresses: [192.168.2.1/24]',
      'version: 1\nprovider: { mtu: 1279, prefer: ipv6 }\nhosts:\n  - { name: h1, addresses: [192.168.1.1/24, "fd99::1/64"], mac: 02:00:00:00:01:01, gateway: { address: 192.168.1.254, mac: 02:00:00:00:01:fe } }\n  - { name: h2, addresses: [192.168.2.1/24, "fd99::2/64"]',
    ],
    lines: [
      [
        2,
        '1279,',
        'provider.mtu: expected at least 1280, because hosts talk over IPv6 (RFC 8200 §5), got 1279',
      ],
    ],
  },
  {
    name: 'hosts that are missing, once',
    replace: ['hosts:', 'provider: {}\ncomment:'],
    lines: [
      [1, 'version', 'hosts: expected a list of at least one host, got nothing'],
      [4, '- { name: h1', 'comment: unknown key "comment"'],
    ],
  },
  {
    name: 'a duplicate key',
    replace: ['version: 1', 'version: 1\nversion: 1'],
    lines: [[2, 'version: 1', 'expected YAML, got: Map keys must be unique']],
  },
];
