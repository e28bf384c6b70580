// Who gets copies of what a subnet floods (V5): a list per subnet of next hops, local ports and peers. A reader in the middle
// of the list goes on to its end whatever the writer does: a removed member still leads to the next one, and a new one stands in front.

import { MEMBER_SIZE, members } from '../memory';
import { acquire32, publish32 } from '../epoch';
import { Subnet } from './subnets';

@unmanaged
export class Member {
  nextHop: u32;
  /** 0 = the last one. */
  next: u32;

  static at(index: u32): Member {
    return changetype<Member>(members + <usize>index * MEMBER_SIZE);
  }
}

/** Where the list begins now, 0 = it is empty. From there on nobody joins it. */
export function firstMemberOf(subnet: Subnet): u32 {
  return acquire32(changetype<usize>(subnet) + offsetof<Subnet>('firstMember'));
}

export function putMember(subnet: Subnet, index: u32, nextHop: u32): void {
  const member = Member.at(index);
  member.nextHop = nextHop;
  member.next = subnet.firstMember;
  publish32(changetype<usize>(subnet) + offsetof<Subnet>('firstMember'), index);
}

export function removeMember(subnet: Subnet, index: u32): void {
  let link = changetype<usize>(subnet) + offsetof<Subnet>('firstMember');
  for (let at = load<u32>(link); at != 0; at = load<u32>(link)) {
    if (at == index) return publish32(link, Member.at(index).next);
    link = changetype<usize>(Member.at(at)) + offsetof<Member>('next');
  }
}
