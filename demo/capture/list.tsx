/** The packets of a capture, however many: only the rows that can be seen exist. */

import { useEffect, useRef, useState } from 'preact/hooks';
import type { CaptureClient } from './client.ts';
import type { Row } from './messages.ts';

/** Pixels. */
const ROW = 30;
/** Browsers do not make elements much higher than this. */
const MOST_PIXELS = 12_000_000;
/** Rows above and below what can be seen. */
const SPARE = 12;

const TITLES = ['No.', 'Time, s', 'Source', 'Destination', 'Tunnel', 'VSID', 'Customer', 'Bytes', 'Verdict'];

export interface PacketListProps {
  readonly client: CaptureClient;
  readonly count: number;
  /** Changes with the filter: rows are asked for anew. */
  readonly version: number;
  readonly selected: number | undefined;
  readonly onSelect: (index: number) => void;
}

export function PacketList({ client, count, version, selected, onSelect }: PacketListProps) {
  const box = useRef<HTMLDivElement>(null);
  const [first, setFirst] = useState(0);
  const [cursor, setCursor] = useState(0);
  const [rows, setRows] = useState<{ from: number; rows: readonly Row[] }>({ from: 0, rows: [] });
  // The head stands above the rows.
  const room = (box.current?.clientHeight ?? 510) - ROW;
  const visible = Math.ceil(room / ROW);
  const height = Math.min(count * ROW, MOST_PIXELS);
  /** What `scrollTop` can be. */
  const most = height - room;
  const last = Math.max(0, count - visible);

  useEffect(() => {
    setCursor(0);
    setFirst(0);
    box.current?.scrollTo({ top: 0 });
  }, [version]);
  useEffect(() => {
    let isCurrent = true;
    const from = Math.max(0, first - SPARE);
    client.rows(from, visible + 2 * SPARE).then(
      (got) => {
        if (isCurrent) setRows({ from, rows: got });
      },
      () => undefined,
    );
    return () => {
      isCurrent = false;
    };
  }, [client, version, first, visible, count]);

  const scrolled = () => {
    const { scrollTop } = box.current!;
    setFirst(most <= 0 ? 0 : Math.round((scrollTop / most) * last));
  };
  const show = (row: number) => {
    const target = Math.max(0, Math.min(count - 1, row));
    setCursor(target);
    const from = target < first ? target : target >= first + visible - 1 ? target - visible + 2 : first;
    if (from !== first) box.current!.scrollTop = last === 0 ? 0 : (from / last) * most;
    const found = rows.rows[target - rows.from];
    if (found !== undefined) onSelect(found.index);
    else void client.rows(target, 1).then(([row]) => row !== undefined && onSelect(row.index));
  };
  const byKey = (event: KeyboardEvent) => {
    const step = {
      ArrowDown: 1,
      ArrowUp: -1,
      PageDown: visible - 1,
      PageUp: 1 - visible,
      Home: -count,
      End: count,
    }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    show(cursor + step);
  };
  const shift = most <= 0 ? 0 : (first / Math.max(last, 1)) * most;

  return (
    <div
      class="packets"
      ref={box}
      role="grid"
      aria-label="Packets"
      aria-rowcount={count + 1}
      aria-activedescendant={selected === undefined ? undefined : `packet-${selected}`}
      tabIndex={0}
      onScroll={scrolled}
      onKeyDown={byKey}
    >
      <div class="packet head" role="row">
        {TITLES.map((title) => (
          <span key={title} role="columnheader">
            {title}
          </span>
        ))}
      </div>
      <div class="packet-space" style={{ height: `${height}px` }} role="presentation">
        <div class="packet-rows" style={{ transform: `translateY(${shift}px)` }} role="presentation">
          {rows.rows
            .slice(Math.max(0, first - rows.from), first - rows.from + visible + SPARE)
            .map((row, index) => (
              <PacketRow
                key={row.index}
                row={row}
                position={first + index}
                isSelected={row.index === selected}
                onSelect={() => {
                  setCursor(first + index);
                  onSelect(row.index);
                }}
              />
            ))}
        </div>
      </div>
    </div>
  );
}

interface PacketRowProps {
  readonly row: Row;
  readonly position: number;
  readonly isSelected: boolean;
  readonly onSelect: () => void;
}

function PacketRow({ row, position, isSelected, onSelect }: PacketRowProps) {
  const isDrop = row.verdict?.startsWith('DROP_') === true;
  return (
    <div
      id={`packet-${row.index}`}
      class="packet"
      role="row"
      aria-rowindex={position + 2}
      aria-selected={isSelected}
      onClick={onSelect}
    >
      <span role="gridcell">{row.index + 1}</span>
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
        {row.verdict ?? '–'}
      </span>
    </div>
  );
}
