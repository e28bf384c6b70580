/** The capture that is open: its packets, and what they amount to as far as they are judged. */

import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { FrameDetail } from '../frame/detail.tsx';
import { megabytes } from '../ui/files.ts';
import { TimelineChart } from './chart.tsx';
import type { CaptureClient, Opened } from './client.ts';
import { Filters } from './filters.tsx';
import { PacketList } from './list.tsx';
import type { Detail, Filter, Indexed } from './messages.ts';
import { Tunnels, Verdicts } from './reports.tsx';
import { Transforming } from './transforming.tsx';

export interface OpenedCaptureProps {
  readonly client: CaptureClient;
  readonly opened: Opened;
  readonly indexed: Indexed;
}

export function OpenedCapture({ client, opened, indexed }: OpenedCaptureProps) {
  const { count, judged, report, file } = opened;
  const [filter, setFilter] = useState<Filter>({});
  const [version, setVersion] = useState(0);
  const [selected, select] = useState<number | undefined>(undefined);
  const [looked, setLooked] = useState<{ index: number; detail: Detail } | undefined>(undefined);
  const wanted = useRef<number | undefined>(undefined);
  // The next look at it begins with all packets.
  useEffect(() => () => void client.filter({}), [client]);
  const change = (wanted: Filter) => {
    setFilter(wanted);
    void client.filter(wanted);
    setVersion(version + 1);
  };
  const look = async (index: number) => {
    select(index);
    wanted.current = index;
    const detail = await client.detail(index).catch(() => undefined);
    // Another one was chosen meanwhile.
    if (wanted.current !== index) return;
    setLooked(detail === undefined ? undefined : { index, detail });
  };
  const isDone = judged === indexed.packets;
  const timeline = isDone && report !== undefined ? report.timeline : indexed.timeline;
  // Drawn again when there is something new in them, not with every packet that somebody looks at.
  const chart = useMemo(() => <TimelineChart timeline={timeline} />, [timeline]);
  const reports = useMemo(
    () =>
      report === undefined
        ? null
        : { verdicts: <Verdicts report={report} />, tunnels: <Tunnels report={report} /> },
    [report],
  );
  return (
    <>
      {indexed.fault === undefined ? null : (
        <p class="failure" role="alert">
          {indexed.fault}. Everything before that is below.
        </p>
      )}
      <Figures opened={opened} indexed={indexed} />
      <section class="card list-card" aria-label="Packets">
        <Filters opened={opened} filter={filter} onChange={change} />
        <PacketList
          client={client}
          count={count}
          judged={judged}
          version={version}
          selected={selected}
          onSelect={(index) => void look(index)}
        />
        {looked === undefined ? (
          <p class="hint">Choose a packet to see its layers and bytes.</p>
        ) : (
          <article class="stop-detail" aria-label={`Packet ${looked.index + 1}`}>
            <h2>
              Packet {looked.index + 1}, {looked.detail.frame.length} bytes
              {looked.detail.originalLength > looked.detail.frame.length
                ? ` of ${looked.detail.originalLength}`
                : ''}
            </h2>
            <FrameDetail frame={looked.detail.frame} />
          </article>
        )}
      </section>
      {chart}
      <div class="halves">
        {reports?.verdicts ?? <div />}
        <Transforming client={client} name={file?.name ?? 'capture'} />
      </div>
      {reports?.tunnels}
    </>
  );
}

/** How long both looks took, and how far the second one is. */
function Figures({ opened, indexed }: { opened: Opened; indexed: Indexed }) {
  const { judged, report, failure } = opened;
  const { packets, bytes, read, milliseconds } = indexed;
  const isDone = judged === packets;
  return (
    <div class="figures-line">
      <p
        class="hint"
        data-indexed={Math.round(milliseconds)}
        data-judged={isDone && report !== undefined ? Math.round(report.milliseconds) : undefined}
      >
        {packets.toLocaleString('en')} packets, {megabytes(bytes)} on the wire. Indexed{' '}
        {time(read, milliseconds)};{' '}
        {isDone && report !== undefined
          ? `judged in ${time(read, report.milliseconds).replace(/^.* in /, '')}.`
          : `judged ${judged.toLocaleString('en')}${failure === undefined ? ' so far' : ''}.`}
      </p>
      {isDone || failure !== undefined ? null : (
        <progress max={packets} value={judged} aria-label="Judging" />
      )}
    </div>
  );
}

function time(bytes: number, milliseconds: number): string {
  const speed = bytes / 1000 / milliseconds;
  return `${megabytes(bytes)} in ${(milliseconds / 1000).toFixed(2)} s, ${Math.round(speed)} MB/s`;
}
