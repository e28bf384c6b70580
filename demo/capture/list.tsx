/** The packets of a capture, however many: only rows near those that can be seen exist. */

import { useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { CaptureClient } from './client.ts';
import { NO_ROWS, RowFeed } from './feed.ts';
import { PacketRow } from './row.tsx';
import { ROW, Track } from './track.ts';

/** Rows above and below what can be seen. */
const SPARE = 8;
/** Pixels of rows before the list has been laid out. */
const USUAL_ROOM = 510;

const TITLES = ['No.', 'Time, s', 'Source', 'Destination', 'Tunnel', 'VSID', 'Customer', 'Bytes', 'Verdict'];

export interface PacketListProps {
  readonly client: CaptureClient;
  readonly count: number;
  /** Packets: more is known of the rows when it grows. */
  readonly judged: number;
  /** Changes with the filter: the rows are others. */
  readonly version: number;
  readonly selected: number | undefined;
  readonly onSelect: (index: number) => void;
}

export function PacketList({ client, count, judged, version, selected, onSelect }: PacketListProps) {
  const box = useRef<HTMLDivElement>(null);
  const [window, setWindow] = useState(NO_ROWS);
  const feed = useMemo(() => new RowFeed(client, setWindow), [client]);
  // Compressed, a pixel is many places: the one that was meant is kept until somebody scrolls on.
  const place = useRef({ cursor: 0, first: 0, scrollTop: 0 });
  // The head stands above the rows.
  const room = (box.current?.clientHeight ?? USUAL_ROOM + ROW) - ROW;
  const track = useMemo(() => new Track(count, room), [count, room]);

  const want = () => {
    const { first } = place.current;
    const from = Math.max(0, first - SPARE);
    feed.want({ from, first, count: Math.max(0, Math.min(count, first + track.whole + 1 + SPARE) - from) });
  };
  useLayoutEffect(() => {
    place.current = { cursor: 0, first: 0, scrollTop: 0 };
    box.current?.scrollTo({ top: 0 });
    feed.reset();
    want();
  }, [version]);
  useLayoutEffect(() => {
    const { current } = box;
    const { first, scrollTop } = place.current;
    // Compressed, a place moves when there are more of them: unless somebody scrolls just now, the list goes with it.
    if (current !== null && current.scrollTop === scrollTop && track.firstAt(scrollTop) !== first) {
      current.scrollTop = track.topOf(first);
      place.current.scrollTop = current.scrollTop;
    }
    want();
  }, [track]);
  useLayoutEffect(() => feed.refresh(judged), [judged]);

  const scrolled = () => {
    const { scrollTop } = box.current!;
    const { first, scrollTop: meant } = place.current;
    place.current.first = scrollTop === meant ? first : track.firstAt(scrollTop);
    place.current.scrollTop = scrollTop;
    want();
  };
  const show = (row: number) => {
    const target = Math.max(0, Math.min(count - 1, row));
    const { whole } = track;
    const { first } = place.current;
    place.current.cursor = target;
    place.current.first = target < first ? target : target >= first + whole ? target - whole + 1 : first;
    if (place.current.first !== first) box.current!.scrollTop = track.topOf(place.current.first);
    place.current.scrollTop = box.current!.scrollTop;
    want();
    const found = window.rows[target - window.from];
    if (found !== undefined) onSelect(found.index);
    else void lookUp(target);
  };
  /** The row is not here yet: when it comes, somebody may be elsewhere, or the rows may be others. */
  const lookUp = async (target: number) => {
    const { current } = place;
    const [row] = await client.rows(target, 1).catch(() => []);
    if (row !== undefined && place.current === current && current.cursor === target) onSelect(row.index);
  };
  const byKey = (event: KeyboardEvent) => {
    const { whole } = track;
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: whole, PageUp: -whole, Home: -count, End: count }[
      event.key
    ];
    if (step === undefined) return;
    event.preventDefault();
    show(place.current.cursor + step);
  };
  const byPointer = ({ target }: Event) => {
    const row = (target as HTMLElement).closest<HTMLElement>('[data-place]');
    if (row === null) return;
    place.current.cursor = Number(row.dataset.place);
    onSelect(Number(row.dataset.packet));
  };
  // Scrolling draws nothing: rows change when they arrive.
  const rows = useMemo(
    () =>
      window.rows.map((row, index) => (
        <PacketRow key={index} row={row} place={window.from + index} isSelected={row.index === selected} />
      )),
    [window, selected],
  );
  const shift = Math.max(0, track.topOf(window.first) - (window.first - window.from) * ROW);

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
      <div class="packet-space" style={{ height: `${track.height}px` }} role="presentation">
        <div
          class="packet-rows"
          style={{ transform: `translateY(${shift}px)` }}
          role="presentation"
          onClick={byPointer}
        >
          {rows}
        </div>
      </div>
    </div>
  );
}
