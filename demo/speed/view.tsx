/** Speed: the dataplane against the same one in plain TypeScript, on this machine. */

import { useRef, useState } from 'preact/hooks';
import { messageOf } from '../session.ts';
import '../styles/capture.css';
import '../styles/policy.css';
import { Segmented } from '../ui/segmented.tsx';
import { LiveChart } from './chart.tsx';
import { everything, run } from './client.ts';
import type { Operation, Result, Sample, Task } from './messages.ts';
import { Results, asText } from './results.tsx';

/** More threads than that are no better on any machine that was tried. */
const MOST_WORKERS = 8;

export function SpeedView() {
  const mostWorkers = crossOriginIsolated ? Math.min(navigator.hardwareConcurrency, MOST_WORKERS) : 1;
  const [task, setTask] = useState<Task>({ operation: 'egress', endpoints: 1024, batch: 256, workers: 1 });
  const [samples, setSamples] = useState<readonly Sample[]>([]);
  const [results, setResults] = useState<readonly Result[]>([]);
  const [news, setNews] = useState('');
  const running = useRef<AbortController | undefined>(undefined);
  const [isRunning, setRunning] = useState(false);
  const set = (change: Partial<Task>) => setTask({ ...task, ...change });

  const measure = async (tasks: readonly Task[]) => {
    const controller = new AbortController();
    running.current = controller;
    setRunning(true);
    try {
      for (const [index, one] of tasks.entries()) {
        setNews(`Measuring ${index + 1} of ${tasks.length}…`);
        setSamples([]);
        const result = await run(one, (sample) => setSamples((all) => [...all, sample]), controller.signal);
        setResults((all) => [...all, result]);
        setNews('Done.');
      }
    } catch (error) {
      setNews(`Not measured: ${messageOf(error)}.`);
    }
    setRunning(false);
  };
  const copy = () =>
    navigator.clipboard.writeText(asText(results)).then(
      () => setNews('Copied.'),
      () => setNews('This browser does not let the page copy: select the table instead.'),
    );
  const latest = results.at(-1);
  return (
    <div class="capture">
      <div class="intro">
        <h1>How fast is it here?</h1>
        <p>
          One host’s dataplane processes frames of 64 bytes: in WebAssembly, and in plain TypeScript with the
          same checks and the same results. They take turns, so that both have the same machine.
        </p>
      </div>
      {crossOriginIsolated ? null : (
        <p class="failure" role="note">
          This page is not cross-origin isolated (its server sends no COOP and COEP headers), so memory cannot
          be shared: one worker only.
        </p>
      )}
      <form
        class="controls card"
        aria-label="What is measured"
        onSubmit={(event) => {
          event.preventDefault();
          void measure([task]);
        }}
      >
        <Segmented<Operation>
          label="Operation"
          value={task.operation}
          options={[
            ['egress', 'Encapsulate'],
            ['ingress', 'Decapsulate'],
            ['rewrite', 'Rewrite'],
          ]}
          onChange={(operation) => set({ operation })}
        />
        <NumberSelect
          label="Endpoints in the tables"
          value={task.endpoints}
          options={[128, 1024, 4096, 16_384]}
          onChange={(endpoints) => set({ endpoints })}
        />
        <NumberSelect
          label="Frames per batch"
          value={task.batch}
          options={[1, 8, 32, 256]}
          onChange={(batch) => set({ batch })}
        />
        <NumberSelect
          label="Workers"
          value={task.workers}
          options={Array.from({ length: mostWorkers }, (_, index) => index + 1)}
          onChange={(workers) => set({ workers })}
        />
        <button type="submit" class="primary" disabled={isRunning}>
          Measure
        </button>
        {isRunning ? (
          <button type="button" onClick={() => running.current?.abort()}>
            Stop
          </button>
        ) : (
          <button type="button" onClick={() => void measure(everything(task, mostWorkers))}>
            Measure everything
          </button>
        )}
      </form>
      <p role="status" class="news">
        {news}
      </p>
      <section class="card timeline" aria-label="Live">
        <div class="headline">
          <p class="factor">
            <strong>{latest === undefined ? '–' : latest.wasm.toFixed(1)}</strong>
            million packets per second in WebAssembly
          </p>
          <p class="factor">
            <strong>
              {latest?.plain === undefined ? '–' : `${(latest.wasm / latest.plain).toFixed(1)}×`}
            </strong>
            as fast as plain TypeScript
          </p>
        </div>
        <LiveChart samples={samples} />
      </section>
      {results.length === 0 ? null : (
        <section class="card timeline" aria-labelledby="results-title">
          <div class="card-head">
            <h2 id="results-title">Results</h2>
            <button type="button" onClick={() => void copy()}>
              Copy
            </button>
          </div>
          <Results results={results} />
        </section>
      )}
    </div>
  );
}

interface NumberSelectProps {
  readonly label: string;
  readonly value: number;
  readonly options: readonly number[];
  readonly onChange: (value: number) => void;
}

function NumberSelect({ label, value, options, onChange }: NumberSelectProps) {
  return (
    <label class="control">
      <span>{label}</span>
      <select value={value} onChange={({ currentTarget }) => onChange(Number(currentTarget.value))}>
        {options.map((option) => (
          <option key={option} value={option}>
            {option.toLocaleString('en')}
          </option>
        ))}
      </select>
    </label>
  );
}
