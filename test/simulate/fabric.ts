/** Three hosts on two racks, two customers with the same addresses and MACs, both mechanisms. */

import { parsePolicy } from '../../src/index.ts';
import type { PolicyDocument } from '../../src/simulate/document.ts';
import { readDocument } from '../../src/simulate/read-document.ts';
import type { Sent } from '../../src/simulate/fabric.ts';
import { type Moment, simulate } from '../../src/simulate/simulation.ts';
import { ethernet, ipv4, pattern, udp } from '../packets/index.ts';

const gateway = (rack: number) => ({
  address: `192.168.${rack}.254`,
  mac: `02:00:00:00:0${rack}:fe`,
});

export const VMS = {
  a: { host: 'h1', vsid: 5001, mac: '02:15:5d:00:00:0a', address: '10.0.0.10' },
  a2: { host: 'h1', vsid: 5001, mac: '02:15:5d:00:00:a2', address: '10.0.0.11' },
  b: { host: 'h2', vsid: 5001, mac: '02:15:5d:00:00:0b', address: '10.0.0.20' },
  c: { host: 'h3', vsid: 5001, mac: '02:15:5d:00:00:0c', address: '10.0.0.30' },
  ra: { host: 'h1', vsid: 5001, mac: '02:15:5d:00:01:0a', address: '10.0.0.110', provider: '192.168.1.110' },
  rc: { host: 'h3', vsid: 5001, mac: '02:15:5d:00:01:0c', address: '10.0.0.130', provider: '192.168.3.130' },
  green: { host: 'h1', vsid: 6001, mac: '02:15:5d:00:00:0a', address: '10.0.0.10' },
  green2: { host: 'h2', vsid: 6001, mac: '02:15:5d:00:00:0b', address: '10.0.0.20' },
} as const;
export type VmName = keyof typeof VMS;

export function document(): PolicyDocument {
  const endpoints = Object.entries(VMS).map(([name, vm]) => ({
    name,
    vsid: vm.vsid,
    mac: vm.mac,
    addresses: [vm.address],
    host: vm.host,
    ...('provider' in vm ? { method: 'rewrite' as const, providerAddresses: [vm.provider] } : {}),
  }));
  const customer = (name: string, vsid: number) => ({
    name,
    routingDomains: [
      {
        name: `${name}-net`,
        id: `00000000-0000-4000-8000-00000000${vsid}`,
        subnets: [{ vsid, prefixes: ['10.0.0.0/24'], gateways: ['10.0.0.1'] }],
        endpoints: endpoints.filter((endpoint) => endpoint.vsid === vsid),
      },
    ],
  });
  return {
    version: 1,
    hosts: [
      { name: 'h1', addresses: ['192.168.1.1/24'], mac: '02:00:00:00:01:01', gateway: gateway(1) },
      { name: 'h2', addresses: ['192.168.1.2/24'], mac: '02:00:00:00:01:02', gateway: gateway(1) },
      { name: 'h3', addresses: ['192.168.3.3/24'], mac: '02:00:00:00:03:03', gateway: gateway(3) },
    ],
    customers: [customer('blue', 5001), customer('green', 6001)],
  };
}

/** UDP from one VM to another; the frame has 14 + 20 + 8 + 20 = 62 bytes. */
export function sent(from: VmName, to: VmName, srcPort = 1000): Sent {
  const packet = ipv4(
    { src: VMS[from].address, dst: VMS[to].address },
    udp({ srcPort, dstPort: 2 }, pattern(20)),
  );
  return { endpoint: from, frame: ethernet({ src: VMS[from].mac, dst: VMS[to].mac }, packet), flags: 0 };
}

/** Runs frames through a policy, all at one moment. */
export function simulateFrames(changed: PolicyDocument, frames: readonly Sent[], strangers = 0) {
  const text = JSON.stringify(changed);
  const moment: Moment = { now: 0, frames, strangers };
  return simulate({
    document: readDocument(text),
    policy: parsePolicy(text),
    traffic: () => [moment],
    paths: 8,
  });
}
