"""Judges captures by scapy: every checksum is recomputed in full, the pieces of cut packets are put together again.

Judged are the IP headers and what is above them, in the frame itself, in the frame inside a GRE envelope and in the packet
that an ICMP error quotes, as far as it is there. Records with the same second belong together: only among them are
pieces joined. Prints one JSON object per capture; exit code 1 when a checksum is wrong.
"""

import json
import sys
from collections import Counter, defaultdict
from socket import inet_ntoa

from scapy.all import GRE, IP, Dot1Q, Ether, IPv6, rdpcap
from scapy.layers.inet import defrag, in4_pseudoheader
from scapy.layers.inet6 import IPv6ExtHdrFragment, IPv6ExtHdrRouting, in6_pseudoheader
from scapy.utils import checksum

ICMP4, TCP, UDP, DCCP, ROUTING, FRAGMENT, GRE_PROTOCOL, ICMP6, UDP_LITE = 1, 6, 17, 33, 43, 44, 47, 58, 136
NAMES = {ICMP4: "ICMP", TCP: "TCP", UDP: "UDP", DCCP: "DCCP", ICMP6: "ICMPv6", UDP_LITE: "UDP-Lite"}
CHECKSUM_AT = {ICMP4: 2, TCP: 16, UDP: 6, DCCP: 6, ICMP6: 2, UDP_LITE: 6}
# Where 0 says "none", a computed 0 is written as 0xFFFF.
ZERO_IS_NONE = (UDP, UDP_LITE)
ERRORS = {ICMP4: (3, 4, 5, 11, 12), ICMP6: (1, 2, 3, 4)}


def u16(data, at):
    return int.from_bytes(data[at : at + 2], "big")


class Judge:
    def __init__(self):
        self.packets = 0
        self.checked = Counter()
        self.wrong = []
        self.pieces = defaultdict(list)
        self.joined = []
        self.incomplete = []
        self.where = (0, 0)

    def compare(self, what, found, right, zero_is_none=False):
        self.checked[what] += 1
        if zero_is_none and right == 0:
            right = 0xFFFF
        # 0 and 0xFFFF are one number in ones-complement, but not where 0 says something else.
        is_same = found == right or (not zero_is_none and {found, right} == {0, 0xFFFF})
        if not is_same:
            number, second = self.where
            text = f"packet {number}: {what} {found:#06x}, expected {right:#06x}"
            self.wrong.append({"case": second, "what": text})

    def frame(self, data):
        layer = Ether(data)
        while isinstance(layer.payload, Dot1Q):
            layer = layer.payload
        if layer.type == 0x0800:
            self.ipv4(bytes(layer.payload.original))
        elif layer.type == 0x86DD:
            self.ipv6(bytes(layer.payload.original))

    def ipv4(self, data, quoted=False):
        if len(data) < 20 or data[0] >> 4 != 4:
            return
        size = (data[0] & 15) * 4
        header = data[:size]
        if len(header) == size:
            self.compare("IPv4", u16(header, 10), checksum(header[:10] + b"\0\0" + header[12:]))
        whole, length = len(data) >= u16(data, 2), u16(data, 2)
        if u16(data, 6) & 0x3FFF:
            if not quoted:
                self.pieces[self.where[1], self.tunnel].append(data[:length])
            return
        # Without options and length: what those say is not what the pseudo-header is made of here.
        ends = IP(src=inet_ntoa(data[12:16]), dst=inet_ntoa(data[16:20]))
        self.upper(data[9], data[size:length], whole, lambda upper, n: in4_pseudoheader(upper, ends, n), quoted, ends.dst)

    def ipv6(self, data, quoted=False):
        if len(data) < 40 or data[0] >> 4 != 6:
            return
        fixed = IPv6(data[:40])
        rest, whole = data[40 : 40 + fixed.plen], len(data) >= 40 + fixed.plen
        upper, destination = fixed.nh, fixed.dst
        while upper in (0, 43, 44, 60) and len(rest) >= 8:
            if upper == FRAGMENT:
                header = IPv6ExtHdrFragment(rest[:8])
                if header.offset or header.m:
                    if not quoted:
                        self.incomplete.append(self.where[1])
                    return
            size = 8 if upper == FRAGMENT else 8 + rest[1] * 8
            if upper == ROUTING:
                header = IPv6ExtHdrRouting(rest[:size])
                # RFC 8200 section 8.1: the pseudo-header has the final destination.
                if header.segleft and header.addresses:
                    destination = header.addresses[-1]
            upper, rest = rest[0], rest[size:]
        ends = IPv6(src=fixed.src, dst=destination)
        self.upper(upper, rest, whole, lambda proto, n: bytes(in6_pseudoheader(proto, ends, n)), quoted, ends.dst)

    def upper(self, protocol, data, whole, pseudo, quoted, tunnel=None):
        if protocol == GRE_PROTOCOL and not quoted and len(data) >= 8:
            header = GRE(data)
            if header.proto == 0x6558 and header.key_present:
                self.tunnel = tunnel
                self.frame(data[8:])
            return
        at = CHECKSUM_AT.get(protocol)
        if at is None or len(data) < at + 2:
            return
        if data[0] in ERRORS.get(protocol, ()) and not quoted:
            (self.ipv4 if protocol == ICMP4 else self.ipv6)(data[8:], quoted=True)
        zero_is_none = protocol in ZERO_IS_NONE
        if not whole or (protocol == UDP and u16(data, at) == 0):
            return
        covered = len(data)
        if protocol == UDP_LITE and u16(data, 4):
            covered = u16(data, 4)
        if protocol == DCCP and data[5] & 15:
            covered = (data[4] + (data[5] & 15) - 1) * 4
        text = (b"" if protocol == ICMP4 else pseudo(protocol, len(data))) + data[:at] + b"\0\0" + data[at + 2 : covered]
        self.compare(NAMES[protocol], u16(data, at), checksum(text), zero_is_none)

    def join(self):
        """What is above IP can be judged once all pieces of a packet are together."""
        for (second, _), pieces in self.pieces.items():
            self.where, self.tunnel = (0, second), None
            _, joined, missing = defrag([IP(piece) for piece in pieces])
            self.incomplete += [second] * (1 if len(missing) else 0)
            for packet in joined:
                self.joined.append(second)
                del packet.chksum
                del packet.len
                self.ipv4(bytes(packet))

    def capture(self, path):
        for number, packet in enumerate(rdpcap(path), 1):
            self.packets += 1
            self.where = (number, int(packet.time))
            self.tunnel = None
            self.frame(bytes(packet))
        self.join()


failed = False
for path in sys.argv[1:]:
    judge = Judge()
    judge.capture(path)
    failed = failed or bool(judge.wrong)
    result = {name: getattr(judge, name) for name in ("packets", "checked", "wrong", "joined", "incomplete")}
    print(json.dumps({"capture": path, **result}))
sys.exit(1 if failed else 0)
