// Longest-prefix match per routing domain (V2), over what is no endpoint's own address: the subnets' prefixes and the routes.
//
// Prefixes either contain each other or do not meet, so the host can cut the address space into ranges with one answer each.
// A lookup finds the range. IPv4: a static search tree of 17 ways a node, each node a cache line that SIMD compares, so that 1,000
// prefixes take three steps. IPv6: binary search.
//
// A domain's tree in `ranges4`:   words 0–7  number of levels, offset of each of them from the start, the leaves' first
//                                 leaves     8 starts and their 8 answers: one cache line
//                                 nodes      16 keys: key n is the smallest start below child n + 1

import {
  RANGE_BROADCAST,
  RANGE_CONNECTED,
  STAGED_RANGE4_SIZE,
  STAGED_RANGE6_SIZE,
} from '../../src/abi/layout';
import { DOMAIN_SIZE, ROUTE_SIZE, addresses4, domains, ranges4, ranges6, routes, staging } from '../memory';
import { acquire64, publish64 } from '../epoch';
import { findAddress4 } from './addresses4';

/** A gateway VM that a network is reached by, and the route to the same network with the next higher metric. */
@unmanaged
export class Route {
  via6High: u64;
  via6Low: u64;
  via4: u32;
  /** 0 = none. */
  next: u32;

  static at(index: u32): Route {
    return changetype<Route>(routes + <usize>index * ROUTE_SIZE);
  }
}

/** In the place of the only route to a network: the number of its gateway VM's entry in `addresses4`. */
const DIRECT: u32 = 0x8000_0000;

export function isConnected(result: u32): bool {
  return (result & RANGE_CONNECTED) != 0 && (result & DIRECT) == 0;
}

/** The subnet of a connected answer. */
export function connectedOf(result: u32): u32 {
  return result & ~(RANGE_CONNECTED | RANGE_BROADCAST);
}

/** The last address of a subnet's prefix, which is all of its VMs (RFC 919, RFC 1122 §3.2.1.3). */
export function isBroadcast4(domain: u32, address: u32): bool {
  const result = matchIpv4(domain, address);
  return isConnected(result) && (result & RANGE_BROADCAST) != 0;
}

/** The entry of the gateway VM that an answer leads to; 0: it has none at the moment. */
export function viaOf4(domain: u32, result: u32): usize {
  if ((result & DIRECT) != 0) return addresses4 + ((<usize>(result & ~DIRECT)) << 4);
  return findAddress4(domain, Route.at(result).via4);
}

/** The answer that is the next best, 0 = none. */
export function nextOf4(result: u32): u32 {
  return (result & DIRECT) != 0 ? 0 : Route.at(result).next;
}

// Where a domain's ranges are: base in the lower half, their number in the upper half; IPv4, then IPv6. 0: no routes, no subnets.
function place(domain: u32, family: u32): usize {
  return domains + <usize>domain * DOMAIN_SIZE + (family == 4 ? 0 : 8);
}

const NODE: u32 = 16;
const WAYS: u32 = 17;
const LEAF: u32 = 8;
const TREE_HEADER: u32 = 8;
const NO_KEY: u32 = 0xffff_ffff;

/** What the longest prefix that holds an address says; the address as it lies in memory. */
export function matchIpv4(domain: u32, address: u32): u32 {
  const where = acquire64(place(domain, 4));
  const count = <u32>(where >> 32);
  if (count == 0) return 0;
  const tree = ranges4 + <usize>(<u32>where) * 4;
  // 255.255.255.255 would not tell a key from none.
  const key = min<u32>(bswap<u32>(address), NO_KEY - 1);
  let node: u32 = 0;
  for (let level = load<u32>(tree) - 1; level > 0; level--) {
    const keys = tree + <usize>((load<u32>(tree + <usize>level * 4, 4) + node * NODE) * 4);
    node = node * WAYS + below8(keys, key) + below8(keys + 32, key);
  }
  const leaf = tree + <usize>((load<u32>(tree, 4) + node * NODE) * 4);
  // The first range begins at 0, so one of the leaf's starts is not above the address.
  return load<u32>(leaf + 28 + <usize>below8(leaf, key) * 4);
}

/** How many of 8 keys are not above `key`. */
function below8(keys: usize, key: u32): u32 {
  const wanted = i32x4.splat(key);
  const first = i32x4.bitmask(i32x4.le_u(v128.load(keys), wanted));
  const second = i32x4.bitmask(i32x4.le_u(v128.load(keys, 16), wanted));
  return <u32>popcnt(first | (second << 4));
}

export function matchIpv6(domain: u32, high: u64, low: u64): u32 {
  const where = acquire64(place(domain, 6));
  const first = ranges6 + <usize>(<u32>where) * STAGED_RANGE6_SIZE;
  const addressHigh = bswap<u64>(high);
  const addressLow = bswap<u64>(low);
  let position: u32 = 0;
  // The last range that does not begin behind the address.
  for (let count = <u32>(where >> 32); count > 1;) {
    const half = count >> 1;
    const range = first + <usize>(position + half) * STAGED_RANGE6_SIZE;
    const startHigh = load<u64>(range);
    const isBehind =
      startHigh > addressHigh || (startHigh == addressHigh && load<u64>(range, 8) > addressLow);
    position = isBehind ? position : position + half;
    count = isBehind ? half : count - half;
  }
  return where >> 32 == 0 ? 0 : load<u32>(first + <usize>position * STAGED_RANGE6_SIZE, 16);
}

/** Words that the tree over `count` IPv4 ranges takes at most. */
export function treeWords(count: u32): u32 {
  let nodes = leavesFor(count);
  let words = TREE_HEADER + NODE + nodes * NODE;
  while (nodes > 1) {
    nodes = (nodes + WAYS - 1) / WAYS;
    words += nodes * NODE;
  }
  return words;
}

function leavesFor(count: u32): u32 {
  return (count + LEAF - 1) / LEAF;
}

/** The first node of the tree whose words begin at `base`: on a cache line. */
function firstNode(base: u32): u32 {
  return ((base + TREE_HEADER + NODE - 1) & ~(NODE - 1)) - base;
}

/**
 * Takes `count` staged ranges as numbers `first` … of the domain whose words begin at `base`.
 */
export function stageRanges(family: u32, base: u32, first: u32, count: u32): void {
  if (family == 6) {
    memory.copy(
      ranges6 + <usize>(base + first) * STAGED_RANGE6_SIZE,
      staging,
      <usize>count * STAGED_RANGE6_SIZE,
    );
    return;
  }
  const leaves = ranges4 + <usize>(base + firstNode(base)) * 4;
  for (let index: u32 = 0; index < count; index++) {
    const staged = staging + <usize>index * STAGED_RANGE4_SIZE;
    const place = placeInLeaves(leaves, first + index);
    store<u32>(place, load<u32>(staged));
    store<u32>(place, load<u32>(staged, 4), 32);
  }
}

/** Where the start of a range stands; its answer is 32 bytes behind. */
function placeInLeaves(leaves: usize, index: u32): usize {
  return leaves + <usize>((index / LEAF) * 64 + (index % LEAF) * 4);
}

/** Makes staged ranges the routes of a domain, by one store. */
export function putRoutes(domain: u32, family: u32, base: u32, count: u32): void {
  if (family == 4 && count > 0) buildTree(domain, base, count);
  publish64(place(domain, family), (<u64>base) | ((<u64>count) << 32));
}

function buildTree(domain: u32, base: u32, count: u32): void {
  const tree = ranges4 + <usize>base * 4;
  const first = firstNode(base);
  const leaves = tree + <usize>first * 4;
  let nodes = leavesFor(count);
  for (let index: u32 = 0; index < nodes * LEAF; index++) {
    const place = placeInLeaves(leaves, index);
    if (index >= count) store<u32>(place, NO_KEY);
    store<u32>(place, index < count ? direct(domain, load<u32>(place, 32)) : 0, 32);
  }
  store<u32>(tree, first, 4);
  let level: u32 = 1;
  let offset = first + nodes * NODE;
  // `below`: leaves below one child of this level.
  for (let below: u32 = 1; nodes > 1; below *= WAYS) {
    nodes = (nodes + WAYS - 1) / WAYS;
    store<u32>(tree + <usize>level * 4, offset, 4);
    for (let index: u32 = 0; index < nodes * NODE; index++) {
      const range = ((index / NODE) * WAYS + (index % NODE) + 1) * below * LEAF;
      const key = range < count ? load<u32>(placeInLeaves(leaves, range)) : NO_KEY;
      store<u32>(tree + <usize>((offset + index) * 4), key);
    }
    offset += nodes * NODE;
    level++;
  }
  store<u32>(tree, level);
}

/** The answer without the detour by the route's record, where there is only one route. Its gateway VM cannot go before it. */
function direct(domain: u32, result: u32): u32 {
  if (result == 0 || isConnected(result) || Route.at(result).next != 0) return result;
  const entry = findAddress4(domain, Route.at(result).via4);
  return entry == 0 ? result : DIRECT | (<u32>((entry - addresses4) >> 4));
}
