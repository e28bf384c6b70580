/** A capture for those who have none: everybody talks to everybody in the fabric that runs, some of it not as it should. */

import { type Endpoint, PcapngWriter } from 'netvirt/core';
import { type LiveFabric, probe } from 'netvirt/simulate';
import { membersOf } from '../fabric/sending.ts';

const ROUNDS = 24;
/** Between two packets. */
const GAP_NANOSECONDS = 1_700_000;
const START = 1_800_000_000;

export function sampleCapture(fabric: LiveFabric): File {
  const writer = new PcapngWriter();
  const interfaceId = writer.addInterface({ name: 'tap', description: 'between the hosts' });
  let now = 0;
  const endpoints = membersOf(fabric.policy).map(({ endpoint }) => endpoint);
  for (let round = 0; round < ROUNDS; round++) {
    for (const sender of endpoints) {
      for (const receiver of endpoints) {
        if (sender === receiver || (receiver.vsid + round) % 3 === 0) continue;
        for (const frame of onWire(fabric, sender, receiver, round)) {
          const data = frame.slice();
          // Now and then a bit is lost on the way.
          if (now % 97 === 0) data[24]! ^= 1;
          const nanoseconds = now++ * GAP_NANOSECONDS;
          const seconds = START + Math.floor(nanoseconds / 1e9);
          writer.write({ interfaceId, seconds, nanoseconds: nanoseconds % 1e9, data });
        }
      }
    }
  }
  return new File([writer.take().slice()], 'example.pcapng');
}

function onWire(fabric: LiveFabric, sender: Endpoint, receiver: Endpoint, round: number): Uint8Array[] {
  const [to] = receiver.addresses;
  if (to === undefined || sender.addresses.length === 0) return [];
  const protocol = (['udp', 'tcp', 'icmp'] as const)[round % 3]!;
  const payload = 'x'.repeat(20 + ((sender.vsid + round * 97) % 900));
  const { frame } = probe(fabric.policy, sender, to.customer, protocol, { payload });
  const { stops } = fabric.send(sender.name, frame);
  return stops
    .filter(({ deed }) => deed === 'encapsulated' || deed === 'rewritten')
    .map((stop) => stop.frame);
}
