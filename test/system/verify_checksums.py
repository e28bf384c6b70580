"""Recomputes every checksum of every packet in the captures that are named, in full, by scapy.

For IP in Ethernet, and for the frame inside a GRE envelope. Later fragments have no transport checksum; neither has UDP
over IPv4 with 0. Prints one JSON object per capture; exit code 1 when a checksum is wrong.
"""

import json
import sys

from scapy.all import IP, UDP, Ether, rdpcap
from scapy.layers.inet6 import IPv6ExtHdrFragment
from scapy.layers.l2 import GRE


def layers(packet):
    while packet is not None and packet.name != "NoPayload":
        yield packet
        packet = packet.payload


def field(layer):
    return next((name for name in ("chksum", "cksum") if name in layer.fields), None)


def is_fragment(packet):
    if IP in packet:
        return packet[IP].frag != 0 or bool(packet[IP].flags.MF)
    if IPv6ExtHdrFragment in packet:
        return packet[IPv6ExtHdrFragment].offset != 0 or packet[IPv6ExtHdrFragment].m == 1
    return False


def rebuilt(frame):
    """The same frame with all checksums computed anew."""
    copy = Ether(bytes(frame))
    for layer in layers(copy):
        name = field(layer)
        if name is not None and name in layer.fields:
            if isinstance(layer, UDP) and layer.chksum == 0:
                continue
            delattr(layer, name)
    return Ether(bytes(copy))


def mismatches(frame, counts):
    """Layers whose checksum differs from the recomputed one."""
    if is_fragment(frame):
        # Only the IP header can be judged from one piece.
        fresh = rebuilt(frame)
        if IP in frame:
            counts["checked"] += 1
            if fresh[IP].chksum != frame[IP].chksum:
                yield "IP of a fragment"
        return
    for before, after in zip(layers(frame), layers(rebuilt(frame))):
        name = field(before)
        if name is None:
            continue
        counts["checked"] += 1
        if getattr(before, name) != getattr(after, name):
            yield f"{before.name}: {getattr(before, name):#06x}, expected {getattr(after, name):#06x}"


def inner_frames(packet):
    """The frame itself without what an envelope carries, and the frame inside the envelope."""
    if GRE in packet and packet[GRE].proto == 0x6558:
        yield strip(packet)
        yield Ether(bytes(packet[GRE].payload))
    else:
        yield packet


def strip(packet):
    """The envelope's own headers: only its IP header has a checksum."""
    header = packet.copy()
    header[GRE].remove_payload()
    if IP in header:
        header[IP].len = packet[IP].len
    return header


def verify(path):
    counts = {"capture": path, "packets": 0, "checked": 0, "wrong": []}
    for number, packet in enumerate(rdpcap(path), 1):
        counts["packets"] += 1
        for frame in inner_frames(packet):
            counts["wrong"] += [f"packet {number}: {what}" for what in mismatches(frame, counts)]
    return counts


results = [verify(path) for path in sys.argv[1:]]
for result in results:
    print(json.dumps(result))
sys.exit(1 if any(result["wrong"] for result in results) else 0)
