/** Encapsulate or decapsulate the capture with the policy, and save the result. */

import { useState } from 'preact/hooks';
import { messageOf, session } from '../session.ts';
import { saveBlob } from '../ui/files.ts';
import { Segmented } from '../ui/segmented.tsx';
import type { CaptureClient } from './client.ts';
import type { Transform } from './messages.ts';

export function Transforming({ client, name }: { client: CaptureClient; name: string }) {
  const hosts = session.value.fabric?.policy.hosts.map((host) => host.name) ?? [];
  const [direction, setDirection] = useState<Transform['direction']>('decapsulate');
  const [host, setHost] = useState(hosts[0] ?? '');
  const [news, setNews] = useState('');
  const run = async (event: Event) => {
    event.preventDefault();
    setNews('Working…');
    try {
      const { blob, inputs, written, drops } = await client.transform({ direction, host });
      const dropped = Object.entries(drops).map(([reason, count]) => `${count} ${reason}`);
      saveBlob(blob, `${name.replace(/\.[^.]*$/, '')}-${direction}d.pcapng`);
      setNews(
        `${inputs} frames in, ${written} out${dropped.length > 0 ? `, dropped: ${dropped.join(', ')}` : ''}.`,
      );
    } catch (error) {
      setNews(messageOf(error));
    }
  };
  return (
    <form class="card transforming" aria-label="Change the capture" onSubmit={(event) => void run(event)}>
      <h2>Through a dataplane</h2>
      <Segmented
        label="What"
        value={direction}
        options={[
          ['encapsulate', 'Encapsulate'],
          ['decapsulate', 'Decapsulate'],
        ]}
        onChange={setDirection}
      />
      <label class="control">
        <span>{direction === 'encapsulate' ? 'Frames of the VMs on' : 'What the VMs receive on'}</span>
        <select value={host} onChange={({ currentTarget }) => setHost(currentTarget.value)}>
          {hosts.map((one) => (
            <option key={one}>{one}</option>
          ))}
        </select>
      </label>
      <button type="submit">Save as pcapng</button>
      <p role="status" class="hint">
        {news}
      </p>
    </form>
  );
}
