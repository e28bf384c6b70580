/** Tunnels that were found, and what became of the packets. */

import type { Report } from './messages.ts';

export function Tunnels({ report }: { report: Report }) {
  return (
    <section class="card" aria-labelledby="tunnels-title">
      <h2 id="tunnels-title">Tunnels and senders</h2>
      <div class="scroll" tabIndex={0} role="group" aria-label="Tunnels and senders">
        <table class="data">
          <thead>
            <tr>
              <th scope="col">Sender</th>
              <th scope="col">Tunnel</th>
              <th scope="col">VSID</th>
              <th scope="col">Customer</th>
              <th scope="col">Packets</th>
              <th scope="col">Bytes</th>
              <th scope="col">Malformed</th>
            </tr>
          </thead>
          <tbody>
            {report.rows.map(({ tunnel, network, customer, source, packets, bytes, malformed }) => (
              <tr key={`${tunnel} ${network} ${source}`}>
                <th scope="row">{source}</th>
                <td>{tunnel}</td>
                <td>{network ?? ''}</td>
                <td>{customer ?? ''}</td>
                <td>{packets.toLocaleString('en')}</td>
                <td>{bytes.toLocaleString('en')}</td>
                <td>{malformed}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {Object.entries(report.faults).map(([fault, packets]) => (
        <p key={fault} class="hint">
          {fault}: {packets.toLocaleString('en')} packets
        </p>
      ))}
    </section>
  );
}

export function Verdicts({ report }: { report: Report }) {
  const wanted = report.verdicts.reduce((all, { packets }) => all + packets, 0);
  return (
    <section class="card" aria-labelledby="verdicts-title">
      <h2 id="verdicts-title">What the dataplanes say to it</h2>
      <p class="hint">
        Each frame went to the host of the policy that would have it:{' '}
        {(report.judged - wanted).toLocaleString('en')} of {report.judged.toLocaleString('en')} are for none.
      </p>
      <ul class="verdicts">
        {report.verdicts.map(({ name, rule, sentence, isDrop, packets }) => (
          <li key={name} class={isDrop ? 'drop' : ''}>
            <strong>{packets.toLocaleString('en')}</strong>
            <code>{name}</code>
            <span>
              {sentence} <span class="note">(rule {rule})</span>
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}
