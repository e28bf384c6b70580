/** One packet of the list. */

import type { Row } from './messages.ts';

export interface PacketRowProps {
  readonly row: Row;
  /** Among the rows that are shown. */
  readonly place: number;
  readonly isSelected: boolean;
}

export function PacketRow({ row, place, isSelected }: PacketRowProps) {
  const { index, isJudged, verdict } = row;
  const isDrop = verdict?.startsWith('DROP_') === true;
  return (
    <div
      id={`packet-${index}`}
      class="packet"
      role="row"
      aria-rowindex={place + 2}
      aria-selected={isSelected}
      data-packet={index}
      data-place={place}
    >
      <span role="gridcell">{index + 1}</span>
      <span role="gridcell">{row.time.toFixed(6)}</span>
      <span role="gridcell" title={row.source}>
        {row.src === '' ? row.source : row.src}
      </span>
      <span role="gridcell">{row.dst}</span>
      <span role="gridcell">{row.tunnel === 'none' ? '' : row.tunnel}</span>
      <span role="gridcell">{row.network}</span>
      <span role="gridcell">{row.customer}</span>
      <span role="gridcell">{row.length}</span>
      <span role="gridcell" class={isDrop ? 'fault' : ''}>
        {isJudged ? (verdict ?? '–') : '…'}
      </span>
    </div>
  );
}
