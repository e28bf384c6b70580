/** Everything about one frame: bytes beside fields. */

import { changedBytes, dissect } from 'netvirt/inspect';
import { useMemo, useState } from 'preact/hooks';
import { Fields } from './fields.tsx';
import { Hex, type Range } from './hex.tsx';
import { shownLayers } from './tones.ts';

export interface FrameDetailProps {
  readonly frame: Uint8Array;
  /** What it was before: differences are marked. */
  readonly before?: Uint8Array | undefined;
}

export function FrameDetail({ frame, before }: FrameDetailProps) {
  const [chosen, choose] = useState<Range | undefined>(undefined);
  const layers = useMemo(() => shownLayers(dissect(frame)), [frame]);
  const changed = useMemo(() => (before === undefined ? [] : changedBytes(frame, before)), [frame, before]);
  return (
    <div class="detail">
      <Hex frame={frame} layers={layers} changed={changed} chosen={chosen} />
      <Fields layers={layers} changed={changed} chosen={chosen} onChoose={choose} />
    </div>
  );
}
