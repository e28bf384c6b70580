// What a generation learnt from packets, not from a policy, goes on in the one that follows it: path MTUs by the peer's address
// (T4), and what is left of a port's rates (V5, T2).

import {
  HOST_FLOOD_LIMIT,
  HOST_ICMP_LIMIT,
  NEXT_HOP_SIZE,
  PATH_MTU_EXPIRY,
  PORT_SIZE,
  generation,
  nextHopCapacity,
  nextHops,
  portCapacity,
  ports,
  select,
} from '../memory';
import { GATEWAY, NextHop } from './nexthops';
import { Port } from './ports';
import { Provider4, findProvider4 } from './providers4';
import { Provider6, findProvider6 } from './providers6';
import { nextHopOf } from './records';

/** From a generation that workers may still use to one that nobody does yet. */
export function carry(from: usize, to: usize): void {
  select(from);
  const oldHops = nextHops;
  const oldHopCapacity = nextHopCapacity;
  const oldPorts = ports;
  const oldPortCapacity = portCapacity;
  select(to);
  for (let index: u32 = 1; index < oldHopCapacity; index++)
    carryPathMtu(changetype<NextHop>(oldHops + <usize>index * NEXT_HOP_SIZE));
  // Who stays on this host keeps the number of its port; a number may also be another one's now.
  for (let index: u32 = 1; index < min(oldPortCapacity, portCapacity); index++)
    carryRates(from, changetype<Port>(oldPorts + <usize>index * PORT_SIZE), Port.at(index));
}

function carryPathMtu(old: NextHop): void {
  const expiry = old.mtuExpiry;
  if (old.family <= GATEWAY || expiry == 0) return;
  const peer = hopsOf(old);
  if (peer == 0 || NextHop.at(peer).family != old.family) return;
  let index = peer;
  do {
    const hop = NextHop.at(index);
    if (old.mtu < hop.policyMtu) {
      hop.mtu = old.mtu;
      hop.mtuExpiry = expiry;
      const first = load<f64>(generation, PATH_MTU_EXPIRY);
      if (first == 0 || hop.mtuExpiry < first) store<f64>(generation, hop.mtuExpiry, PATH_MTU_EXPIRY);
    }
    index = hop.nextOfPeer;
  } while (index != peer);
}

/** A next hop of the same peer, by the address that its tunnel has; 0 = this host does not know it any more. */
function hopsOf(old: NextHop): u32 {
  if (old.family == 4) {
    const entry = findProvider4(old.provider4);
    return entry == 0 || Provider4.at(entry).domain != 0 ? 0 : nextHopOf(Provider4.at(entry).record);
  }
  const entry = findProvider6(old.provider6High, old.provider6Low);
  return entry == 0 || Provider6.at(entry).domain != 0 ? 0 : nextHopOf(Provider6.at(entry).record);
}

function carryRates(from: usize, old: Port, port: Port): void {
  if (!old.isActive || !port.isActive || old.mac != port.mac) return;
  port.floodTaken = taken(old.floodTaken, from, HOST_FLOOD_LIMIT);
  port.errorTaken = taken(old.errorTaken, from, HOST_ICMP_LIMIT);
}

/** The token that came at the same time by another rate. */
function taken(token: u64, from: usize, limit: usize): u64 {
  const before = load<f64>(from + limit);
  const after = load<f64>(generation + limit);
  return before == after || before == 0 ? token : <u64>((<f64>token * after) / before);
}
