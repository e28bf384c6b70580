// IPv6 prefixes of subnets, for router advertisements (RFC 4861 §4.6.2): a list per subnet.

import { PREFIX_SIZE, prefixes } from '../memory';
import { publish32 } from '../epoch';
import { Subnet } from './subnets';

@unmanaged
export class Prefix {
  high: u64;
  low: u64;
  length: u32;
  /** 0 = the last one. */
  next: u32;

  static at(index: u32): Prefix {
    return changetype<Prefix>(prefixes + <usize>index * PREFIX_SIZE);
  }
}

/** Puts a prefix at the end of its subnet's list. */
export function putPrefix(subnet: Subnet, index: u32, high: u64, low: u64, length: u32): void {
  const prefix = Prefix.at(index);
  prefix.high = high;
  prefix.low = low;
  prefix.length = length;
  prefix.next = 0;
  let link = changetype<usize>(subnet) + offsetof<Subnet>('firstPrefix');
  for (let at = load<u32>(link); at != 0; at = load<u32>(link)) {
    link = changetype<usize>(Prefix.at(at)) + offsetof<Prefix>('next');
  }
  publish32(link, index);
}
