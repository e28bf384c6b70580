/** What somebody on the physical network may send to a host: envelopes, rewritten packets and reports, right and wrong. */

import {
  type Upper,
  concat,
  ethernet,
  icmpv4,
  icmpv6,
  ipv4,
  ipv6,
  nvgre,
  u32,
  vlan,
} from '../packets/index.ts';
import { type Fabric, type FabricHost, type Vm } from './fabrics.ts';
import { mutated, payload, upper, vmFrame } from './frames.ts';
import { outerPayload } from './outer.ts';
import type { Random } from './random.ts';

const STRANGERS = { ipv4: '203.0.113.9', ipv6: '2001:db8:ffff::9' };

/** A packet between two provider addresses of one family. */
function packet(src: string, dst: string, payloadOf: (family: 4 | 6) => Upper): Uint8Array {
  return dst.includes(':')
    ? ipv6({ src, dst }, payloadOf(6))
    : ipv4({ src, dst, id: 0, df: true }, payloadOf(4));
}

/** An address of the same family, or a stranger's. */
const sameFamily = (addresses: readonly string[], as: string, stranger: string): string =>
  addresses.find((address) => address.includes(':') === as.includes(':')) ?? stranger;

const addressesOf = ({ ipv4: four, ipv6: six }: FabricHost): string[] =>
  [four, six].filter((address) => address !== undefined);

function strangerTo(dst: string): string {
  return dst.includes(':') ? STRANGERS.ipv6 : STRANGERS.ipv4;
}

/** An envelope made up: of any virtual subnet, from any host, with any VM's frame inside; half of them fit together. */
function envelope(random: Random, fabric: Fabric, to: FabricHost): Uint8Array {
  const dst = random.pick(addressesOf(to));
  const { vm, at } = random.pick(fabric.stations);
  const fits = random.oneIn(2);
  const from = fits ? fabric.hosts.find(({ name }) => name === vm.host)! : random.pick(fabric.hosts);
  const src = random.oneIn(8) ? strangerTo(dst) : sameFamily(addressesOf(from), dst, strangerTo(dst));
  const known = fits ? at.vsid : random.pick(fabric.subnets).vsid;
  const vsid = random.oneIn(12) ? random.below(0x100_0000) : known;
  const isOld = from.nvgreKey === 'draft00' || to.nvgreKey === 'draft00';
  const layout = isOld !== random.oneIn(20) ? 'draft00' : 'rfc7637';
  const gre = nvgre({ vsid, layout, flowId: random.below(256) }, vmFrame(random, fabric, { vm, at }));
  return ethernet(
    { src: from.mac, dst: to.mac },
    packet(src, dst, () => gre),
  );
}

/** A rewritten packet made up: from any endpoint's provider address, to one of those on this host. */
function rewritten(random: Random, fabric: Fabric, to: FabricHost): Uint8Array | undefined {
  const targets = fabric.vms.filter(({ host, providers }) => host === to.name && providers.length > 0);
  const sources: Vm[] = fabric.vms.filter(({ providers }) => providers.length > 0);
  if (targets.length === 0) return undefined;
  const dst = random.pick(random.pick(targets).providers);
  const src = random.oneIn(5)
    ? strangerTo(dst)
    : sameFamily(
        random.pick(sources).providers,
        dst,
        sameFamily(addressesOf(random.pick(fabric.hosts)), dst, dst),
      );
  const isReport = random.oneIn(3);
  const about = random.pick(random.pick(sources).providers);
  const reportOf = (family: 4 | 6) => {
    const quoted = packet(dst, sameFamily([about], dst, src), () =>
      upper(random, family, payload(random).subarray(0, 64)),
    );
    return family === 4
      ? icmpv4({ type: 3, code: 4, rest: 1400 }, quoted)
      : icmpv6({ type: 2, rest: 1400 }, quoted);
  };
  const outer = packet(src, dst, (family) =>
    isReport ? reportOf(family) : upper(random, family, payload(random)),
  );
  return ethernet({ src: '02:00:00:00:77:77', dst: to.mac }, outer);
}

/** A router says that an envelope was too long: any envelope that was on the wire, or one made up. */
function tooBig(random: Random, to: FabricHost, sent: Uint8Array): Uint8Array {
  const src = random.pick(addressesOf(to));
  const quoted = sent.subarray(14, 14 + 128);
  const rest = random.pick([0, 576, 1280, 1400, 9000]);
  const report = packet(strangerTo(src), src, (family) =>
    family === 4 ? icmpv4({ type: 3, code: 4, rest }, quoted) : icmpv6({ type: 2, rest }, quoted),
  );
  return ethernet({ src: '02:00:00:00:77:77', dst: to.mac }, report);
}

/** A real envelope with another customer's virtual subnet written into it. */
function readdressed(random: Random, fabric: Fabric, sent: Uint8Array): Uint8Array {
  const outer = outerPayload(sent);
  if (outer?.protocol !== 47) return mutated(random, sent);
  const { vsid } = random.pick(fabric.subnets);
  const key = random.oneIn(5) ? vsid : vsid * 256 + random.below(256);
  return concat(sent.subarray(0, outer.at + 4), u32(key), sent.subarray(outer.at + 8));
}

/**
 * Anything that may arrive at the uplink of `to`.
 * @param sent frames that were on the wire, as somebody who listens there has them.
 */
export function uplinkFrame(
  random: Random,
  fabric: Fabric,
  to: FabricHost,
  sent: readonly Uint8Array[],
): Uint8Array {
  const known = sent.length === 0 ? envelope(random, fabric, to) : random.pick(sent);
  switch (random.below(10)) {
    case 0:
      return random.oneIn(4) ? vlan({ vid: 5 }, known) : known;
    case 1:
      return mutated(random, known);
    case 2:
    case 3:
      return readdressed(random, fabric, known);
    case 4:
      return tooBig(random, to, known);
    case 5:
    case 6:
      return rewritten(random, fabric, to) ?? envelope(random, fabric, to);
    case 7:
      return mutated(random, envelope(random, fabric, to));
    default:
      return envelope(random, fabric, to);
  }
}
