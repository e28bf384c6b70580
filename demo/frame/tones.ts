/** Colours of layers: what belongs to the envelope looks different from the same header of the customer's frame. */

import type { FrameLayer } from 'netvirt/inspect';

export interface ShownLayer extends FrameLayer {
  /** Class of its colour. */
  readonly tone: string;
  /** From 1 on: what marks it where colours do not. */
  readonly number: number;
  readonly label: string;
}

const IP = new Set(['ipv4', 'ipv6', 'arp']);
const TUNNEL = new Set(['gre', 'vxlan']);
const TRANSPORT = new Set(['udp', 'tcp', 'icmp']);

export function shownLayers(layers: readonly FrameLayer[]): ShownLayer[] {
  const inner = Math.max(0, ...layers.map(({ depth }) => depth));
  return layers.map((layer, index) => {
    const isOuter = layer.depth < inner;
    const side = inner === 0 ? '' : isOuter ? 'Outer ' : 'Inner ';
    const hasSide = layer.kind === 'ethernet' || IP.has(layer.kind);
    return {
      ...layer,
      tone: toneOf(layer, isOuter),
      number: index + 1,
      label: hasSide ? `${side}${layer.title}` : layer.title,
    };
  });
}

function toneOf({ kind }: FrameLayer, isOuter: boolean): string {
  if (TUNNEL.has(kind)) return 'tone-tunnel';
  if (TRANSPORT.has(kind)) return isOuter ? 'tone-outer-ip' : 'tone-transport';
  if (IP.has(kind)) return isOuter ? 'tone-outer-ip' : 'tone-inner-ip';
  if (kind === 'ethernet' || kind === 'vlan') return isOuter ? 'tone-outer-link' : 'tone-inner-link';
  return 'tone-payload';
}

/** The layer of every byte. */
export function layerOfBytes(layers: readonly ShownLayer[], length: number): ShownLayer[] {
  const owners = new Array<ShownLayer>(length);
  for (const layer of layers) owners.fill(layer, layer.offset, layer.offset + layer.length);
  return owners;
}
