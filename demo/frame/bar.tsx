/** A frame as a bar: its layers as long as their bytes, but never too short for their names. */

import type { ShownLayer } from './tones.ts';

export function FrameBar({ layers, length }: { layers: readonly ShownLayer[]; length: number }) {
  return (
    <span
      class="bar"
      role="img"
      aria-label={`${length} bytes: ${layers.map(({ label }) => label).join(', ')}`}
    >
      {layers.map(({ number, tone, label, length: bytes, kind }) => (
        <span
          key={number}
          class={`piece ${tone}`}
          style={{ flexGrow: Math.min(bytes, 90), flexBasis: kind === 'padding' ? '1ch' : undefined }}
          title={`${label}, ${bytes} bytes`}
        >
          {shortName(label)}
        </span>
      ))}
    </span>
  );
}

function shortName(label: string): string {
  return label
    .replace(/^(Outer|Inner) /, '')
    .replace('Ethernet', 'Eth')
    .replace('Payload', 'Data');
}
