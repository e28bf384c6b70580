/** Named packets that leave with faults: the VM's own, or a pattern where a judge expects its protocol. All others are flawless. */

export interface OnPurpose {
  readonly because: string;
  /** What tshark may say about them, and nothing else. */
  readonly says: RegExp;
  /** Titles without what follows the last comma, where that is "leaving" or "arriving". */
  readonly cases: readonly string[];
}

const families = (title: string): string[] => [`${title}, over IPv4`, `${title}, over IPv6`];
const over = (title: string): string[] => [`${title} over IPv4`, `${title} over IPv6`];

/** What the VM got wrong stays wrong. These, and no others, are wrong for every judge. */
export const WRONG_CHECKSUMS: OnPurpose = {
  because: 'a wrong checksum of the VM stays wrong by the same difference',
  says: /^(Bad checksum \[should be 0x[0-9a-f]{4}\])$/,
  cases: [
    'N8: a wrong IPv4 checksum of the VM is not ours to judge',
    'ECN: a wrong inner IPv4 checksum stays wrong by the same difference when the field changes',
    'W3: a wrong TCP checksum stays wrong by the same difference',
    'W3: a wrong UDP checksum stays wrong by the same difference',
    'W3: a wrong TCP checksum over IPv6 stays wrong by the same difference',
    'W3: a wrong ICMPv6 checksum stays wrong by the same difference',
    'W3: a wrong UDP-Lite checksum stays wrong by the same difference',
    'W3: a wrong IPv4 header checksum stays wrong by the same difference',
    ...families('W6: a quoted UDP datagram with a wrong checksum'),
    'W6: a quoted packet with a wrong header checksum, over IPv4',
    'V2 W3: rewritten and routed, a wrong header checksum stays wrong by the same difference',
    'V2: a wrong header checksum of the VM stays wrong by the same difference',
    'V2: a wrong header checksum of an echo request stays wrong by the same difference',
    ...[1, 0x1234, 0xfffe].flatMap((by) => [
      `V2: a wrong ICMP checksum stays wrong in the reply, by ${by}`,
      `V2: a wrong ICMPv6 checksum stays wrong in the reply, by ${by}`,
      `T3: a wrong TCP checksum stays wrong by ${by}`,
    ]),
    'T2: what is quoted stays as it is, though its checksum is wrong',
  ],
};

export const ON_PURPOSE: readonly OnPurpose[] = [
  WRONG_CHECKSUMS,
  {
    because: 'IPv4 options are a pattern',
    says: /^Unknown \(0x41\) \(option length = 72 bytes says option goes past end of options\)$/,
    cases: [
      'N8: IPv4 options',
      'W2: TOS, identification, DF, TTL and options stay',
      'W6: a quoted packet with options, over IPv4',
      'V2: TOS, identification, DF and options stay',
      'T2: a packet of 549 bytes with options',
    ],
  },
  {
    because: 'the payload is a pattern, not what the protocol or the port says',
    says: /^(Malformed Packet|Chunk length \(20310\)|Bogus IP header length \(4,|Source MAC must not be a group)/,
    cases: [
      ...over('W3: SCTP, untouched'),
      ...over('W3: GRE, untouched'),
      ...over('W3: a customer’s own NVGRE, untouched'),
      'V6: a DHCP client without an address (unicast)',
      'V4: ICMPv6 type 132 is no neighbour discovery',
      'V4: ICMPv6 type 138 is no neighbour discovery',
    ],
  },
  {
    because: 'the VM’s TCP header is not whole, or lacks altogether',
    says: /^(Short segment\.|Connection reset \(RST\)$|Malformed Packet|IPv6 payload length equals 0 )/,
    cases: [
      ...over('W3: a TCP header that ends in front of its checksum'),
      ...over('W3: a TCP header that ends inside its checksum'),
      'W3: TCP without a header over IPv6',
    ],
  },
  {
    because: 'the VM sends what TCP does not allow, and that is not touched',
    says: /^(The non-SYN packet does contain a MSS option|Connection reset \(RST\)|Non-zero header padding)$/,
    cases: ['T3: a segment that is no SYN', 'T3: a reset', 'T3: behind the end of the options'],
  },
  {
    because: 'routing headers of type 2 (RFC 6275) with other than one segment and one address',
    says: /^IPv6 Type 2 Routing Header segments left field must equal 1$/,
    cases: [
      'W5: a routing header that has been used up',
      'W5: all of them on a first fragment',
      'W6: a quoted routing header that has been used up, over IPv6',
    ],
  },
  {
    // scapy knows better.
    because: 'tshark computes the checksum of a quoted packet without regard to its routing header',
    says: /^(Bad checksum \[should be 0x[0-9a-f]{4}\]|IPv6 Type 2 Routing Header .* must equal \d)$/,
    cases: [
      'W6: a quoted routing header with segments left: the quoted checksum is for another destination, over IPv6',
      'W6: a quoted routing header with segments left, behind another header, over IPv6',
    ],
  },
  {
    because: 'UDP without a checksum over IPv6, which RFC 6935 allows for tunnels only',
    says: /^Illegal checksum value \(0\)$/,
    cases: ['W4: UDP checksum 0 over IPv6 stays 0 (RFC 6935)'],
  },
  {
    because: 'the quote is too short, or of another version than it says',
    says: /^IPv6 header must be exactly 40 bytes$/,
    cases: ['W6: a quote of 39 bytes is left alone', 'W6: a quote of another IP version is left alone'],
  },
];
