/** What a right policy amounts to. */

import type { PolicySummary } from 'netvirt/inspect';

export function Summary({ summary }: { summary: PolicySummary }) {
  const { customers, providerAddresses, hosts, notes } = summary;
  const { total, withoutNvgre } = providerAddresses;
  return (
    <div class="summary">
      <dl class="figures">
        <Figure name="hosts" value={hosts} />
        <Figure name="customers" value={customers.length} />
        <Figure name="VMs" value={customers.reduce((all, { nvgre, rewrite }) => all + nvgre + rewrite, 0)} />
        <Figure name="provider addresses" value={total} />
        <Figure name="saved by NVGRE" value={withoutNvgre - total} />
      </dl>
      <div class="scroll" tabIndex={0} role="group" aria-label="Customers">
        <table class="data">
          <caption class="hidden">Customers of the policy</caption>
          <thead>
            <tr>
              <th scope="col">Customer</th>
              <th scope="col">Subnets</th>
              <th scope="col">NVGRE VMs</th>
              <th scope="col">Rewrite VMs</th>
              <th scope="col">Addresses</th>
            </tr>
          </thead>
          <tbody>
            {customers.slice(0, 50).map(({ name, subnets, nvgre, rewrite, addresses }) => (
              <tr key={name}>
                <th scope="row">{name}</th>
                <td>{subnets}</td>
                <td>{nvgre}</td>
                <td>{rewrite}</td>
                <td>{addresses}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {notes.slice(0, 5).map(({ where, message }) => (
        <p class="hint" key={where + message}>
          <strong>{where}</strong>: {message}
        </p>
      ))}
    </div>
  );
}

function Figure({ name, value }: { name: string; value: number }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value.toLocaleString('en')}</dd>
    </div>
  );
}
