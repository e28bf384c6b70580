/** What is sent, and the journey that it made. */

import { type Endpoint, type IpAddress, type Policy, formatIp } from 'netvirt/core';
import { type Journey, type ProbeProtocol, probe } from 'netvirt/simulate';
import { messageOf, session } from '../session.ts';
import { Store } from '../ui/store.ts';

export interface Choice {
  readonly from: string;
  readonly to: string;
  readonly protocol: ProbeProtocol;
  readonly family: 4 | 6;
  /** Of the payload, bytes. */
  readonly size: number;
  /** Whom the sender pretends to be; empty: nobody. */
  readonly as: string;
}

export interface Sending {
  readonly choice: Choice;
  readonly journey: Journey | undefined;
  /** The stop that is looked at. */
  readonly stop: number;
  /** Why nothing was sent, in words. */
  readonly failure: string | undefined;
  /** Goes up with every frame that was sent. */
  readonly count: number;
}

const CHOICE: Choice = {
  from: 'bakery-till',
  to: 'bakery-oven',
  protocol: 'icmp',
  family: 4,
  size: 32,
  as: '',
};

export const sending = new Store<Sending>({
  choice: CHOICE,
  journey: undefined,
  stop: 0,
  failure: undefined,
  count: 0,
});

export function choose(change: Partial<Choice>): void {
  sending.update({ choice: { ...sending.value.choice, ...change } });
}

export interface Member {
  readonly endpoint: Endpoint;
  readonly customer: string;
  /** Position of the customer. */
  readonly index: number;
}

export function membersOf({ customers }: Policy): Member[] {
  return customers.flatMap(({ name: customer, routingDomains }, index) =>
    routingDomains.flatMap(({ endpoints }) => endpoints.map((endpoint) => ({ endpoint, customer, index }))),
  );
}

export function addressOf({ addresses }: Endpoint, family: 4 | 6): IpAddress | undefined {
  return addresses.map(({ customer }) => customer).find((address) => address.family === family);
}

/** A choice that the policy does not have becomes one that it has. */
export function settle(policy: Policy): void {
  const members = membersOf(policy).filter(({ endpoint }) => endpoint.addresses.length > 0);
  const names = members.map(({ endpoint }) => endpoint.name);
  const { from, to, as } = sending.value.choice;
  const sender = members.find(({ endpoint }) => endpoint.name === from) ?? members[0];
  const peers = members.filter(
    ({ endpoint, customer }) => customer === sender?.customer && endpoint !== sender.endpoint,
  );
  choose({
    from: sender?.endpoint.name ?? '',
    to: names.includes(to) ? to : (peers[0]?.endpoint.name ?? names[0] ?? ''),
    as: names.includes(as) ? as : '',
  });
}

/** Sends what was chosen through the dataplanes. */
export function send(): void {
  const { fabric } = session.value;
  const { choice, count } = sending.value;
  if (fabric === undefined) return;
  try {
    const to = addressOf(fabric.endpoint(choice.to), choice.family);
    if (to === undefined) throw new RangeError(`${choice.to} has no IPv${choice.family} address`);
    const { frame } = probe(fabric.policy, fabric.endpoint(choice.from), to, choice.protocol, {
      payload: text(choice.size),
      as: choice.as === '' ? undefined : fabric.endpoint(choice.as),
    });
    const journey = fabric.send(choice.from, frame);
    sending.update({ journey, stop: 0, failure: undefined, count: count + 1 });
    if (count === 0) requestAnimationFrame(() => performance.mark('first-packet'));
  } catch (error) {
    sending.update({ journey: undefined, failure: messageOf(error) });
  }
}

/** So many bytes that can be recognised in a dump. */
function text(size: number): string {
  return 'netvirt '.repeat(Math.ceil(size / 8)).slice(0, size);
}

export const shown = (address: IpAddress | undefined) => (address === undefined ? '–' : formatIp(address));
