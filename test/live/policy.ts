/** The fabric of the tests of live I/O: `here` is the host under test; a and b are on it, c and d on `there`; two of them use IP Rewrite. */

export const POLICY = `
version: 1
provider: { mtu: 1600 }
hosts:
  - { name: here, addresses: [192.168.1.10/24, 2001:db8:1::10/64], mac: 02:00:00:00:01:0a }
  - { name: there, addresses: [192.168.1.20/24, 2001:db8:1::20/64], mac: 02:00:00:00:01:14 }
customers:
  - name: contoso
    routingDomains:
      - name: net
        subnets:
          - { vsid: 5001, prefixes: [10.1.1.0/24, fd00:1::/64], gateways: [10.1.1.1, fd00:1::1] }
          - { vsid: 5002, prefixes: [10.1.2.0/24], gateways: [10.1.2.1] }
        endpoints:
          - { name: a, vsid: 5001, mac: 02:15:5d:00:00:0a, addresses: [10.1.1.10, fd00:1::a], host: here, vlans: { 20: 5002 } }
          - { name: b, vsid: 5001, mac: 02:15:5d:00:00:0b, addresses: [10.1.1.11], host: here }
          - { name: c, vsid: 5001, mac: 02:15:5d:00:00:0c, addresses: [10.1.1.12, fd00:1::c], host: there }
          - { name: e, vsid: 5002, mac: 02:15:5d:00:00:0e, addresses: [10.1.2.14], host: there }
          - name: r
            vsid: 5001
            mac: 02:15:5d:00:00:1a
            addresses: [10.1.1.20, fd00:1::20]
            host: here
            method: rewrite
            providerAddresses: [192.168.1.110, 2001:db8:1::110]
          - name: s
            vsid: 5001
            mac: 02:15:5d:00:00:1b
            addresses: [10.1.1.21]
            host: there
            method: rewrite
            providerAddresses: [192.168.1.121]
`;
