/** What the list shows. */

import type { Opened } from './client.ts';
import type { Filter } from './messages.ts';

export interface FiltersProps {
  readonly opened: Opened;
  readonly filter: Filter;
  readonly onChange: (filter: Filter) => void;
}

export function Filters({ opened, filter, onChange }: FiltersProps) {
  const { indexed, judged, count, report, failure } = opened;
  const packets = indexed?.packets ?? 0;
  const isWaiting = count !== packets && judged < packets;
  const set = (change: Filter) => onChange({ ...filter, ...change });
  return (
    <form class="filters" aria-label="Filter" onSubmit={(event) => event.preventDefault()}>
      <label class="control">
        <span>VSID</span>
        <select
          value={filter.vsid ?? ''}
          onChange={({ currentTarget: { value } }) => set({ vsid: value === '' ? undefined : Number(value) })}
        >
          <option value="">all</option>
          {report?.networks.map((vsid) => (
            <option key={vsid}>{vsid}</option>
          ))}
        </select>
      </label>
      <label class="control">
        <span>Customer</span>
        <select
          value={filter.customer ?? ''}
          onChange={({ currentTarget: { value } }) => set({ customer: value === '' ? undefined : value })}
        >
          <option value="">all</option>
          {report?.customers.map((customer) => (
            <option key={customer}>{customer}</option>
          ))}
        </select>
      </label>
      <label class="control">
        <span>Address begins with</span>
        <input
          type="search"
          placeholder="10.0.0.11"
          value={filter.address ?? ''}
          onInput={({ currentTarget: { value } }) =>
            set({ address: value.trim() === '' ? undefined : value.trim() })
          }
        />
      </label>
      <label class="control">
        <span>Verdict</span>
        <select
          value={filter.verdict ?? ''}
          onChange={({ currentTarget: { value } }) => set({ verdict: value === '' ? undefined : value })}
        >
          <option value="">all</option>
          <option value="DROP">any drop</option>
          {report?.verdicts.map(({ name }) => (
            <option key={name}>{name}</option>
          ))}
        </select>
      </label>
      <p class="count" role="status" aria-busy={isWaiting && failure === undefined}>
        {count.toLocaleString('en')} of {packets.toLocaleString('en')} packets
        {isWaiting ? <span class="note"> in the first {judged.toLocaleString('en')}</span> : null}
      </p>
    </form>
  );
}
