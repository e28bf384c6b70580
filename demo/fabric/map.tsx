/** The fabric as it is: router, switches, hosts, VMs. VMs are dragged to other hosts, or moved by keyboard. */

import { type Endpoint, type Host, type Policy, formatIp } from 'netvirt/core';
import type { Stop } from 'netvirt/simulate';
import { useState } from 'preact/hooks';
import { change, changeEndpoint, session } from '../session.ts';
import { useStore } from '../ui/store.ts';
import { type Member, membersOf, sending } from './sending.ts';
import { VmCard } from './vm.tsx';

export interface MapProps {
  readonly policy: Policy;
  readonly onFailure: (failure: string | undefined) => void;
}

export function FabricMap({ policy, onFailure }: MapProps) {
  const { fabric } = useStore(session);
  const { journey, stop } = useStore(sending);
  const [over, setOver] = useState<string | undefined>(undefined);
  const members = membersOf(policy);
  const hosts = policy.hosts.filter(({ name }) => name !== '');
  const racks = racksOf(hosts);
  const here = journey?.stops[stop];
  const passed = new Set(journey?.stops.slice(0, stop + 1).map(({ place, name }) => `${place} ${name}`));
  const mark = (place: Stop['place'], name: string) => markOf(here, passed, place, name);
  const move = (name: string, host: string) =>
    onFailure(changeEndpoint(name, (live) => live.apply([{ op: 'move-endpoint', name, host }])));
  const setMethod = (name: string, method: Endpoint['method']) =>
    onFailure(changeEndpoint(name, (live) => live.setMethod(name, method)));

  const hostCard = (host: Host) => (
    <section
      key={host.name}
      class={`host ${mark('host', host.name)} ${over === host.name ? 'over' : ''} ${fabric?.isCut(host.name) === true ? 'cut' : ''}`}
      aria-label={host.name}
      data-host={host.name}
    >
      <header>
        <h4>{host.name}</h4>
        <span class="address">{host.ipv4 === undefined ? '' : formatIp(host.ipv4.address)}</span>
        <label class="switch">
          <input
            type="checkbox"
            checked={fabric?.isCut(host.name) === true}
            onChange={({ currentTarget: { checked } }) =>
              onFailure(change((live) => live.setCut(host.name, checked)))
            }
          />
          cut off
        </label>
      </header>
      <div class="vms">
        {members
          .filter(({ endpoint }) => endpoint.host === host.index)
          .map((member) => (
            <VmCard
              key={member.endpoint.name}
              member={member}
              hosts={hosts}
              mark={mark('vm', member.endpoint.name)}
              onMove={move}
              onMethod={setMethod}
              onOver={setOver}
            />
          ))}
      </div>
    </section>
  );

  return (
    <div class="map">
      <div class={`device router ${mark('router', 'router')}`}>router</div>
      <div class="racks">
        {racks.map(({ name, hosts: own }) => (
          <div class="rack" key={name}>
            <div class={`device ${mark('switch', name)}`}>
              switch <span class="address">{name}</span>
            </div>
            <div class="hosts">{own.map(hostCard)}</div>
          </div>
        ))}
      </div>
    </div>
  );
}

export type { Member };

function markOf(
  here: Stop | undefined,
  passed: ReadonlySet<string>,
  place: Stop['place'],
  name: string,
): string {
  if (here?.place === place && here.name === name)
    return here.deed === 'dropped' || here.deed === 'lost' ? 'here failed' : 'here';
  return passed.has(`${place} ${name}`) ? 'passed' : '';
}

interface Rack {
  readonly name: string;
  readonly hosts: Host[];
}

/** By the switch that each hangs on. */
function racksOf(hosts: readonly Host[]): Rack[] {
  const racks = new Map<string, Rack>();
  for (const host of hosts) {
    const name = session.value.fabric?.switchOf(host.name) ?? '';
    const rack = racks.get(name);
    if (rack === undefined) racks.set(name, { name, hosts: [host] });
    else rack.hosts.push(host);
  }
  return [...racks.values()];
}
