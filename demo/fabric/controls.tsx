/** Who sends what to whom. */

import type { Policy } from 'netvirt/core';
import { Segmented } from '../ui/segmented.tsx';
import { useStore } from '../ui/store.ts';
import { type Member, addressOf, choose, membersOf, send, sending, shown } from './sending.ts';

export function Controls({ policy }: { policy: Policy }) {
  const { choice } = useStore(sending);
  const members = membersOf(policy);
  const submit = (event: Event) => {
    event.preventDefault();
    send();
  };
  return (
    <form class="controls card" onSubmit={submit} aria-label="Send a packet">
      <VmSelect
        label="From"
        members={members}
        value={choice.from}
        family={choice.family}
        onChange={(from) => choose({ from })}
      />
      <VmSelect
        label="To"
        members={members}
        value={choice.to}
        family={choice.family}
        onChange={(to) => choose({ to })}
      />
      <Segmented
        label="Packet"
        value={choice.protocol}
        options={[
          ['icmp', 'Ping'],
          ['tcp', 'TCP'],
          ['udp', 'UDP'],
        ]}
        onChange={(protocol) => choose({ protocol })}
      />
      <Segmented
        label="Addresses"
        value={String(choice.family)}
        options={[
          ['4', 'IPv4'],
          ['6', 'IPv6'],
        ]}
        onChange={(family) => choose({ family: family === '6' ? 6 : 4 })}
      />
      <SizeInput />
      <SpoofSelect members={members} />
      <button type="submit" class="primary">
        Send
      </button>
    </form>
  );
}

interface VmSelectProps {
  readonly label: string;
  readonly members: readonly Member[];
  readonly value: string;
  readonly family: 4 | 6;
  readonly onChange: (name: string) => void;
}

function VmSelect({ label, members, value, family, onChange }: VmSelectProps) {
  const customers = [...new Set(members.map(({ customer }) => customer))];
  return (
    <label class="control">
      <span>{label}</span>
      <select value={value} onChange={(event) => onChange(event.currentTarget.value)}>
        {customers.map((customer) => (
          <optgroup key={customer} label={customer}>
            {members
              .filter((member) => member.customer === customer)
              .map(({ endpoint }) => (
                <option key={endpoint.name} value={endpoint.name}>
                  {endpoint.name} · {shown(addressOf(endpoint, family))}
                </option>
              ))}
          </optgroup>
        ))}
      </select>
    </label>
  );
}

/** Large enough for several pieces, small enough for every slot. */
const LARGEST = 4000;

function SizeInput() {
  const { choice } = useStore(sending);
  const set = (event: Event & { currentTarget: HTMLInputElement }) => {
    const size = Math.round(Number(event.currentTarget.value));
    if (size >= 0 && size <= LARGEST) choose({ size });
  };
  return (
    <label class="control size">
      <span>Payload, bytes</span>
      <input type="number" min="0" max={LARGEST} value={choice.size} onInput={set} />
    </label>
  );
}

function SpoofSelect({ members }: { members: readonly Member[] }) {
  const { choice } = useStore(sending);
  return (
    <label class={choice.as === '' ? 'control' : 'control warned'}>
      <span>Pretends to be</span>
      <select value={choice.as} onChange={(event) => choose({ as: event.currentTarget.value })}>
        <option value="">itself</option>
        {members
          .filter(({ endpoint }) => endpoint.name !== choice.from)
          .map(({ endpoint }) => (
            <option key={endpoint.name} value={endpoint.name}>
              {endpoint.name} (spoofed)
            </option>
          ))}
      </select>
    </label>
  );
}
