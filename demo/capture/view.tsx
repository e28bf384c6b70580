/** Capture: a pcap or pcapng of any size, read in a worker, held against the policy. */

import { useEffect, useRef, useState } from 'preact/hooks';
import { FrameDetail } from '../frame/detail.tsx';
import { messageOf, session } from '../session.ts';
import '../styles/policy.css';
import '../styles/capture.css';
import { megabytes } from '../ui/files.ts';
import { useStore } from '../ui/store.ts';
import { TimelineChart } from './chart.tsx';
import { CaptureClient, type Progress } from './client.ts';
import { Filters } from './filters.tsx';
import { PacketList } from './list.tsx';
import type { Detail, Filter, Overview } from './messages.ts';
import { Tunnels, Verdicts } from './reports.tsx';
import { sampleCapture } from './sample.ts';
import { Transforming } from './transforming.tsx';

/** One worker for the page: what is open stays open while other views are looked at. */
const lab = {
  client: undefined as CaptureClient | undefined,
  file: undefined as File | undefined,
  overview: undefined as Overview | undefined,
};

export function CaptureView() {
  const { fabric, text } = useStore(session);
  const [overview, setOverview] = useState(lab.overview);
  const [progress, setProgress] = useState<Progress | undefined>(undefined);
  const [failure, setFailure] = useState<string | undefined>(undefined);
  const [isOver, setOver] = useState(false);
  const client = (lab.client ??= new CaptureClient());
  client.onProgress = setProgress;
  const open = async (file: File | undefined) => {
    if (file === undefined) return;
    lab.file = file;
    setFailure(undefined);
    setOverview(undefined);
    setProgress({ bytes: 0, packets: 0 });
    try {
      lab.overview = await client.open(file);
      setOverview(lab.overview);
    } catch (error) {
      lab.overview = undefined;
      setFailure(messageOf(error));
    }
    setProgress(undefined);
  };
  // Another policy sees other customers.
  const seen = useRef(text);
  useEffect(() => {
    if (seen.current === text) return;
    seen.current = text;
    void open(lab.file);
  }, [text]);
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    void open(event.dataTransfer?.files[0]);
  };
  return (
    <div
      class={isOver ? 'capture over' : 'capture'}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={drop}
    >
      <div class="intro">
        <h1>Whose packets are these?</h1>
        <p>
          Drop a capture anywhere on this page: pcap or pcapng, of any size. It is read here and goes nowhere.
          The policy tells whose packets they are and what its hosts would do with them.
        </p>
      </div>
      <div class="toolbar">
        <label class="file-button">
          Open a capture…
          <input type="file" onChange={({ currentTarget }) => void open(currentTarget.files?.[0])} />
        </label>
        <button
          type="button"
          disabled={fabric === undefined}
          onClick={() => fabric !== undefined && void open(sampleCapture(fabric))}
        >
          Record an example
        </button>
        {lab.file === undefined ? null : (
          <p class="hint">
            {lab.file.name}, {megabytes(lab.file.size)}
          </p>
        )}
      </div>
      {progress === undefined ? null : (
        <p class="progress" role="status">
          <progress max={lab.file?.size ?? 1} value={progress.bytes} aria-label="Reading" />{' '}
          {progress.packets.toLocaleString('en')} packets
        </p>
      )}
      {failure === undefined ? null : (
        <p class="failure" role="alert">
          {failure}
        </p>
      )}
      {overview === undefined ? null : <Opened key={lab.file?.name} client={client} overview={overview} />}
    </div>
  );
}

function Opened({ client, overview }: { client: CaptureClient; overview: Overview }) {
  const [filter, setFilter] = useState<Filter>({});
  const [shown, setShown] = useState({ count: overview.packets, version: 0 });
  const [selected, select] = useState<number | undefined>(undefined);
  const [detail, setDetail] = useState<Detail | undefined>(undefined);
  useEffect(() => {
    setFilter({});
    setShown(({ version }) => ({ count: overview.packets, version: version + 1 }));
    select(undefined);
    setDetail(undefined);
  }, [overview]);
  const change = async (wanted: Filter) => {
    setFilter(wanted);
    const count = await client.filter(wanted);
    setShown(({ version }) => ({ count, version: version + 1 }));
  };
  const look = async (index: number) => {
    select(index);
    setDetail(await client.detail(index));
  };
  const { fault, bytes, milliseconds } = overview;
  return (
    <>
      {fault === undefined ? null : (
        <p class="failure" role="alert">
          {fault}. Everything before that is below.
        </p>
      )}
      <p class="hint" data-milliseconds={Math.round(milliseconds)}>
        {overview.packets.toLocaleString('en')} packets, {megabytes(bytes)} on the wire, read in{' '}
        {(milliseconds / 1000).toFixed(2)} s.
      </p>
      <section class="card list-card" aria-label="Packets">
        <Filters
          overview={overview}
          filter={filter}
          count={shown.count}
          onChange={(one) => void change(one)}
        />
        <PacketList
          client={client}
          count={shown.count}
          version={shown.version}
          selected={selected}
          onSelect={(index) => void look(index)}
        />
        {detail === undefined || selected === undefined ? (
          <p class="hint">Choose a packet to see its layers and bytes.</p>
        ) : (
          <article class="stop-detail" aria-label={`Packet ${selected + 1}`}>
            <h2>
              Packet {selected + 1}, {detail.frame.length} bytes
              {detail.originalLength > detail.frame.length ? ` of ${detail.originalLength}` : ''}
            </h2>
            <FrameDetail frame={detail.frame} />
          </article>
        )}
      </section>
      <TimelineChart timeline={overview.timeline} />
      <div class="halves">
        <Verdicts overview={overview} />
        <Transforming client={client} name={lab.file?.name ?? 'capture'} />
      </div>
      <Tunnels overview={overview} />
    </>
  );
}
