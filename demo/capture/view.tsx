/** Capture: a pcap or pcapng of any size, read in a worker, held against the policy. */

import { useEffect, useState } from 'preact/hooks';
import { session } from '../session.ts';
import '../styles/policy.css';
import '../styles/capture.css';
import { megabytes } from '../ui/files.ts';
import { useStore } from '../ui/store.ts';
import { CaptureClient } from './client.ts';
import { OpenedCapture } from './opened.tsx';
import { sampleCapture } from './sample.ts';

/** One worker for the page: what is open stays open while other views are looked at. */
const lab = {
  client: undefined as CaptureClient | undefined,
  /** The policy that it was judged with. */
  text: undefined as string | undefined,
};

export function CaptureView() {
  const { fabric, text } = useStore(session);
  const client = (lab.client ??= new CaptureClient());
  const opened = useStore(client.opened);
  const { file, progress, indexed, failure } = opened;
  const [isOver, setOver] = useState(false);
  const open = (chosen: File | undefined) => {
    if (chosen === undefined) return;
    lab.text = text;
    void client.open(chosen);
  };
  // Another policy sees other customers.
  useEffect(() => {
    if (lab.text !== text) open(file);
  }, [text]);
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    open(event.dataTransfer?.files[0]);
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
          <input type="file" onChange={({ currentTarget }) => open(currentTarget.files?.[0])} />
        </label>
        <button
          type="button"
          disabled={fabric === undefined}
          onClick={() => fabric !== undefined && open(sampleCapture(fabric))}
        >
          Record an example
        </button>
        {file === undefined ? null : (
          <p class="hint">
            {file.name}, {megabytes(file.size)}
          </p>
        )}
      </div>
      {progress === undefined ? null : (
        <p class="progress" role="status">
          <progress max={file?.size ?? 1} value={progress.bytes} aria-label="Reading" />{' '}
          {progress.packets.toLocaleString('en')} packets
        </p>
      )}
      {failure === undefined ? null : (
        <p class="failure" role="alert">
          {failure}
        </p>
      )}
      {indexed === undefined ? null : (
        <OpenedCapture key={opened.opening} client={client} opened={opened} indexed={indexed} />
      )}
    </div>
  );
}
