/** The bytes of a frame: coloured by layer, changed ones marked, those of the chosen field framed. */

import { useState } from 'preact/hooks';
import { type ShownLayer, layerOfBytes } from './tones.ts';

const ROW = 16;
/** A first look; a click shows the rest. */
const ROWS_SHOWN = 12;

export interface Range {
  readonly offset: number;
  readonly length: number;
}

export interface HexProps {
  readonly frame: Uint8Array;
  readonly layers: readonly ShownLayer[];
  /** One entry per byte. */
  readonly changed: readonly boolean[];
  readonly chosen: Range | undefined;
}

export function Hex({ frame, layers, changed, chosen }: HexProps) {
  const [isWhole, setWhole] = useState(false);
  const owners = layerOfBytes(layers, frame.length);
  const rows = Math.ceil(frame.length / ROW);
  const shown = isWhole ? rows : Math.min(rows, ROWS_SHOWN);
  const isChosen = (at: number) =>
    chosen !== undefined && at >= chosen.offset && at < chosen.offset + chosen.length;
  const classOf = (at: number) => {
    const owner = owners[at];
    const classes = ['byte', owner?.tone ?? ''];
    if (changed[at] === true) classes.push('changed');
    if (isChosen(at)) classes.push('chosen');
    return classes.join(' ');
  };
  return (
    <div class="hex-box">
      <div class="hex" tabIndex={0} role="group" aria-label={`${frame.length} bytes in hexadecimal`}>
        {Array.from({ length: shown }, (_, row) => (
          <div class="hex-row" key={row}>
            <span class="hex-offset">{(row * ROW).toString(16).padStart(4, '0')}</span>
            {Array.from(frame.subarray(row * ROW, row * ROW + ROW), (byte, column) => {
              const at = row * ROW + column;
              const begins = owners[at]?.offset === at ? owners[at].number : undefined;
              return (
                <span key={column} class={classOf(at)} data-begins={begins}>
                  {byte.toString(16).padStart(2, '0')}
                </span>
              );
            })}
          </div>
        ))}
      </div>
      {shown < rows ? (
        <button type="button" class="quiet" onClick={() => setWhole(true)}>
          All {frame.length} bytes
        </button>
      ) : null}
    </div>
  );
}
