/** Where the copies of a frame to a group go (V5). */

import { FORWARD } from '../../src/abi/verdict.ts';
import { vlan } from '../packets/index.ts';
import { type EnvelopeFields, type Leaving, type Outcome, tunnelled4, tunnelled6 } from './case.ts';
import { type HostName, type VmName, host, vm, vmsIn } from './fabric.ts';

/** In an envelope of the family that two hosts have in common, IPv4 if both have both. */
export const tunnelled = (
  from: HostName,
  to: HostName,
  vsid: number,
  inner: Uint8Array,
  fields: EnvelopeFields = {},
): Leaving =>
  host(from).ipv4 === undefined || host(to).ipv4 === undefined
    ? tunnelled6(from, to, vsid, inner, fields)
    : tunnelled4(from, to, vsid, inner, fields);

/** Out of a VM's port: on a VLAN with its tag, where the VM has the subnet on one. */
export function delivered(to: VmName, vsid: number, frame: Uint8Array): Leaving {
  const [vid] = Object.entries(vm(to).vlans ?? {}).find(([, known]) => known === vsid) ?? [];
  const isTagged = vm(to).vsid !== vsid && vid !== undefined;
  return { port: to, frame: isTagged ? vlan({ vid: Number(vid) }, frame) : frame };
}

/** A copy for every VM of the subnet on a host. */
export const localCopies = (on: HostName, vsid: number, frame: Uint8Array, except?: VmName): Leaving[] =>
  vmsIn(vsid)
    .filter((name) => vm(name).host === on && name !== except)
    .map((name) => delivered(name, vsid, frame));

/** The other hosts that have a VM of the subnet. */
export const otherHosts = (than: HostName, vsid: number): HostName[] =>
  [...new Set(vmsIn(vsid).map((name) => vm(name).host))].filter((name) => name !== than);

export const copies = (outputs: readonly Leaving[]): Outcome => ({
  verdict: FORWARD,
  outputs,
  anyOrder: true,
});

/** What a VM's frame becomes: a copy for everybody on this host, an envelope for every other host. */
export const flooded = (
  by: VmName,
  frame: Uint8Array,
  vsid = vm(by).vsid,
  fields: EnvelopeFields = {},
): Outcome => {
  const from = vm(by).host;
  return copies([
    ...localCopies(from, vsid, frame, by),
    ...otherHosts(from, vsid).map((to) => tunnelled(from, to, vsid, frame, fields)),
  ]);
};
