/** Every verdict with its name, the rule of docs/protocol.md behind it and a sentence for people. */

import * as verdicts from '../abi/verdict.ts';

export type VerdictName = keyof typeof verdicts extends infer Name
  ? Exclude<Name, 'FIRST_DROP' | 'VERDICT_COUNT' | 'SUPPRESSED_ERROR' | 'LOST_COPY' | 'HELD'>
  : never;
export type DropName = Extract<VerdictName, `DROP_${string}`>;

export interface Verdict {
  readonly number: number;
  readonly name: VerdictName;
  readonly rule: string;
  readonly sentence: string;
}

const TABLE: readonly [VerdictName, rule: string, sentence: string][] = [
  ['FORWARD', 'V3', 'sent out of a port'],
  ['PUNT', 'N8', 'not for a virtual network of this host: left to its own stack'],
  ['REPLY', 'V4', 'answered by the gateway, or from the records'],
  ['ICMP_ERROR', 'T2', 'tells the VM why its packet was dropped'],
  ['DROP_CUT_CAPTURE', 'N8', 'the capture kept only the beginning of the frame (snap length)'],
  ['DROP_FRAME_TRUNCATED', 'N8', 'the frame ends inside its Ethernet header or VLAN tag'],
  ['DROP_FRAME_TOO_LONG', 'T1', 'the frame is longer than any slot'],
  ['DROP_UNKNOWN_PORT', 'V6', 'no endpoint on this host has the port that it came in by'],
  [
    'DROP_INNER_TRUNCATED',
    'N8',
    'the customer’s packet ends inside a header, or is shorter than its length field says',
  ],
  [
    'DROP_INNER_MALFORMED',
    'N8',
    'the customer’s packet has an impossible version, length or chain of headers',
  ],
  ['DROP_VLAN_TAG', 'N6', 'the customer’s frame carries a VLAN tag that belongs to no virtual subnet'],
  ['DROP_SOURCE_MAC', 'V6', 'the VM sent with a MAC that is not its own'],
  ['DROP_SOURCE_ADDRESS', 'V6', 'the VM sent with an IP address that is not its own'],
  ['DROP_ARP_SENDER', 'V6', 'the VM claimed another one’s address in ARP'],
  ['DROP_ND_SENDER', 'V6', 'the VM claimed another one’s address in neighbour discovery, or to be a router'],
  ['DROP_ND_MALFORMED', 'V4', 'a neighbour discovery message that RFC 4861 tells to discard'],
  [
    'DROP_ADDRESS_TAKEN',
    'V4',
    'the VM asked whether it may take an address that another one has; it was told',
  ],
  ['DROP_NEIGHBOR_UNKNOWN', 'V4', 'nobody in the virtual subnet has the address that was asked for'],
  [
    'DROP_NEIGHBOR_NEEDLESS',
    'V4',
    'an announcement or question that changes nothing: the records know already',
  ],
  ['DROP_NO_RECORD', 'V3', 'no endpoint of the virtual subnet has this destination address or MAC'],
  ['DROP_FLOOD', 'V5', 'the virtual subnet does not carry broadcast and multicast'],
  ['DROP_SAME_PORT', 'V8', 'the destination is the VM that sent it'],
  ['DROP_OVER_MTU', 'T1', 'the packet with its envelope exceeds the MTU of the provider network'],
  ['DROP_REWRITE_NON_IP', 'W8', 'only IP can be rewritten, and both endpoints use IP Rewrite'],
  ['DROP_REWRITE_AH', 'W3', 'an authentication header (AH) does not survive a change of addresses'],
  ['DROP_REWRITE_HEADERS', 'W5', 'the chain of IPv6 extension headers leaves the packet or is too long'],
  [
    'DROP_REWRITE_QUOTE',
    'W6',
    'an ICMP error quotes an address that would be mistaken for a provider address',
  ],
  [
    'DROP_REWRITE_PEER',
    'V7',
    'the source of a rewritten packet is no endpoint of the destination’s virtual subnet',
  ],
  [
    'DROP_OUTER_TRUNCATED',
    'N8',
    'the envelope ends inside a header, or is shorter than its length field says',
  ],
  ['DROP_OUTER_MALFORMED', 'N8', 'the outer IP header has an impossible version or length'],
  ['DROP_OUTER_CHECKSUM', 'N8', 'the outer IPv4 header checksum is wrong'],
  ['DROP_OUTER_FRAGMENT', 'N7', 'the envelope was fragmented on the way'],
  ['DROP_GRE_VERSION', 'N8', 'the GRE version is not 0'],
  ['DROP_GRE_FLAGS', 'N8', 'GRE flags other than K are set (checksum, sequence number, reserved)'],
  ['DROP_GRE_PROTOCOL', 'N8', 'the GRE protocol type is not 0x6558 (Ethernet)'],
  ['DROP_GRE_NO_KEY', 'N8', 'there is no GRE key, so no virtual subnet'],
  ['DROP_VSID_RESERVED', 'N5', 'virtual subnet ids 0x000000–0x000FFF are reserved'],
  ['DROP_VSID_ALL_ONES', 'N5', 'virtual subnet id 0xFFFFFF is reserved'],
  ['DROP_VSID_UNKNOWN', 'V1', 'no endpoint of this host has to do with that virtual subnet'],
  ['DROP_TUNNEL_SOURCE', 'V7', 'the host that sent the envelope is not where the inner source lives'],
  ['DROP_TUNNEL_TYPE', 'V7', 'it came by the wrong mechanism for these two ends'],
  ['DROP_ECN_CE', 'ECN', 'congestion was marked on a packet whose sender does not understand the mark'],
  ['DROP_NO_LOCAL_PORT', 'V3', 'no local endpoint of the virtual subnet has the inner destination MAC'],
  ['DROP_FLOOD_RATE', 'V5', 'the VM sends more broadcasts and multicasts than its port may'],
  ['DROP_NO_SLOT', 'V5', 'no room for all the copies or pieces of the packet'],
  ['DROP_NO_GATEWAY', 'V2', 'the virtual subnet has no gateway for this address family'],
  ['DROP_NO_ROUTE', 'V2', 'no subnet and no route of the routing domain leads to the destination'],
  ['DROP_TTL_EXCEEDED', 'V2', 'its TTL or hop limit does not allow another router'],
  [
    'DROP_NOT_ROUTABLE',
    'V2',
    'a router may not forward it: not IP, or an address that means something on one link only',
  ],
  ['DROP_GATEWAY', 'V2', 'it was for the gateway itself, which answers ping and nothing else'],
  ['DROP_PATH_MTU', 'T4', 'news about the path MTU of a peer: taken in, and nobody else needs it'],
  ['DROP_ICMP_UNMATCHED', 'T4', 'an ICMP error about a tunnel that is none of ours'],
  ['DROP_OFFLOAD_HEADER', 'W7', 'the offload header in front of the frame does not describe it'],
  ['DROP_OFFLOAD_TYPE', 'W7', 'its sender left a kind of segmentation to be done that is not known here'],
  ['DROP_UNRESOLVED', 'T5', 'the MAC that leads to its host on the physical network is not known'],
];

/** All verdicts by number. */
export const VERDICTS: ReadonlyMap<number, Verdict> = new Map(
  TABLE.map(([name, rule, sentence]) => [verdicts[name], { number: verdicts[name], name, rule, sentence }]),
);

/** @throws RangeError for a number that is no verdict. */
export function verdictOf(number: number): Verdict {
  const verdict = VERDICTS.get(number);
  if (verdict === undefined)
    throw new RangeError(`verdict: expected one of the numbers in VERDICTS, got ${number}`);
  return verdict;
}

export function isDrop(number: number): boolean {
  return number >= verdicts.FIRST_DROP;
}
