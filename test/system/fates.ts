/** What each real capture has to show. */

import type { Fate } from './trips.ts';

export interface Expected {
  /** The line on stderr of `init`, which writes nothing. */
  readonly init?: RegExp;
  /** The line on stderr of all commands that read the capture; they end with 1, having done what they could. */
  readonly error?: RegExp;
  readonly nvgre?: Fate;
  readonly rewrite?: Fate;
}

export const NOTHING: Required<Fate> = {
  arrive: 0,
  enveloped: 0,
  redirected: 0,
  copies: 0,
  local: 0,
  replies: 0,
  strangers: 0,
  drops: {},
};

/**
 * The same by both methods.
 * @param enveloped how many frames travel in an envelope although all endpoints use IP Rewrite: to groups, with link-local
 * addresses, and to or from gateway VMs.
 */
const alike = (fate: Fate, enveloped = 0): Expected => ({ nvgre: fate, rewrite: { ...fate, enveloped } });
const all = (arrive: number): Expected => alike({ arrive });
const none = (drops: Record<string, number>): Expected => alike({ arrive: 0, drops });

const MIXED = { DROP_VLAN_TAG: 2, DROP_ARP_SENDER: 2, DROP_SAME_PORT: 3, DROP_OVER_MTU: 2 };

export const EXPECTED: Readonly<Record<string, Expected>> = {
  'format-big-endian.pcap': all(2),
  'format-cut-record.pcap': {
    error: /record 2 at byte 228: expected a captured length up to 67108864, got 1409179648$/,
    nvgre: { arrive: 1 },
    rewrite: { arrive: 1, enveloped: 1 },
  },
  // ARP, which IP Rewrite does not carry (W8).
  'format-nanoseconds.pcap': {
    nvgre: { arrive: 2 },
    rewrite: { arrive: 0, drops: { DROP_REWRITE_NON_IP: 2 } },
  },
  'format-sections.pcapng': {
    error: /record 4: expected link type ETHERNET \(1\), got NULL \(0\)$/,
    ...none({ DROP_CUT_CAPTURE: 3 }),
  },
  // One address behind two MACs, because two networks were captured: rewritten, it goes to the one of the policy.
  'format-two-interfaces.pcapng': {
    nvgre: { arrive: 6 },
    rewrite: { arrive: 6, enveloped: 2, redirected: 2 },
  },
  'gre-mixed.pcap': alike({ arrive: 6, drops: { DROP_VLAN_TAG: 1 } }, 2),
  'gre-teb-no-key.pcap': all(15),
  // All on one host, so nothing is on the wire: groups reach the two others.
  'icmpv6.pcap': alike({ arrive: 0, local: 4, drops: { DROP_ND_SENDER: 1 } }),
  'ipv4-fragments.pcap': all(3),
  'ipv6-extension-headers.pcap': alike({ arrive: 6, copies: 3 }, 3),
  'ipv6-fragments-odd.pcap': alike({ arrive: 9, drops: { DROP_ND_SENDER: 1 } }, 2),
  'ipv6-http.pcap': alike({ arrive: 20, drops: { DROP_ND_SENDER: 1, DROP_NEIGHBOR_UNKNOWN: 34 } }, 10),
  'ipv6-tcp.pcap': all(10),
  'malformed-ihl.pcap': none({ DROP_INNER_MALFORMED: 1 }),
  'malformed-lengths.pcapng': none({ DROP_INNER_MALFORMED: 2 }),
  'malformed-record.pcap': {
    init: /record 1 at byte 24: expected a captured length up to the original length 32, got 34$/,
  },
  'mixed-protocols.pcap': {
    nvgre: { arrive: 909, copies: 411, drops: MIXED },
    rewrite: { arrive: 904, copies: 411, enveloped: 704, drops: { ...MIXED, DROP_REWRITE_NON_IP: 5 } },
  },
  'nvgre-bad-checksums.pcap': all(1),
  'snaplen-ethernet.pcap': { init: /expected frames with unicast source MACs, got none$/ },
  'snaplen-ipv4.pcap': none({ DROP_CUT_CAPTURE: 1 }),
  'udp-fragments.pcap': all(3),
  'udp-no-checksum.pcap': all(1),
  'vlan-double.pcap': none({ DROP_VLAN_TAG: 6 }),
  'vxlan.pcap': all(1),
};
