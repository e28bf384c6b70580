/** One VM on the map. Drag it by its name, or focus the name and press Alt and an arrow key. */

import { type Endpoint, type Host, formatIp } from 'netvirt/core';
import { useRef } from 'preact/hooks';
import { type Member, choose } from './sending.ts';

export interface VmCardProps {
  readonly member: Member;
  readonly hosts: readonly Host[];
  readonly mark: string;
  readonly onMove: (name: string, host: string) => void;
  readonly onMethod: (name: string, method: Endpoint['method']) => void;
  /** The host that it is dragged over. */
  readonly onOver: (host: string | undefined) => void;
}

export function VmCard({ member, hosts, mark, onMove, onMethod, onOver }: VmCardProps) {
  const { endpoint, customer, index } = member;
  const { name, addresses, method } = endpoint;
  const drag = useDrag(name, onMove, onOver);
  const own = hosts.findIndex((host) => host.index === endpoint.host);
  const byKey = (event: KeyboardEvent) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    const target = event.altKey && step !== undefined ? hosts[own + step] : undefined;
    if (target === undefined) return;
    event.preventDefault();
    onMove(name, target.name);
    requestAnimationFrame(() =>
      document.querySelector<HTMLElement>(`[data-vm="${CSS.escape(name)}"]`)?.focus(),
    );
  };
  return (
    <article class={`vm customer-${(index % 4) + 1} ${mark}`} aria-label={`${name} of ${customer}`}>
      <button
        type="button"
        class="vm-name"
        data-vm={name}
        title="Drag to another host, or Alt and an arrow key; click to send from here"
        aria-keyshortcuts="Alt+ArrowLeft Alt+ArrowRight"
        onKeyDown={byKey}
        onClick={() => choose({ from: name })}
        {...drag}
      >
        {name}
      </button>
      <span class="address">
        {addresses[0] === undefined ? 'no address' : formatIp(addresses[0].customer)}
      </span>
      <div class="vm-settings">
        <select
          aria-label={`Mechanism of ${name}`}
          value={method}
          onChange={({ currentTarget: { value } }) =>
            onMethod(name, value === 'rewrite' ? 'rewrite' : 'nvgre')
          }
        >
          <option value="nvgre">NVGRE</option>
          <option value="rewrite">Rewrite</option>
        </select>
        <select
          aria-label={`Host of ${name}`}
          value={hosts[own]?.name}
          onChange={({ currentTarget: { value } }) => onMove(name, value)}
        >
          {hosts.map((host) => (
            <option key={host.name}>{host.name}</option>
          ))}
        </select>
      </div>
    </article>
  );
}

/** Pixels before a press becomes a drag. */
const THRESHOLD = 6;

function useDrag(name: string, onMove: VmCardProps['onMove'], onOver: VmCardProps['onOver']) {
  const start = useRef<{ x: number; y: number } | undefined>(undefined);
  const dragged = useRef(false);
  const cardOf = (target: EventTarget) => (target as HTMLElement).closest<HTMLElement>('.vm')!;
  const hostAt = (event: PointerEvent) =>
    document
      .elementsFromPoint(event.clientX, event.clientY)
      .map((element) => element.closest<HTMLElement>('[data-host]')?.dataset.host)
      .find((host) => host !== undefined);
  const finish = (event: PointerEvent) => {
    const card = cardOf(event.currentTarget!);
    card.style.translate = '';
    card.classList.remove('dragged');
    start.current = undefined;
    onOver(undefined);
  };
  return {
    onPointerDown: (event: PointerEvent) => {
      if (event.button !== 0) return;
      start.current = { x: event.clientX, y: event.clientY };
      dragged.current = false;
      (event.currentTarget as HTMLElement).setPointerCapture(event.pointerId);
    },
    onPointerMove: (event: PointerEvent) => {
      if (start.current === undefined) return;
      const [x, y] = [event.clientX - start.current.x, event.clientY - start.current.y];
      if (!dragged.current && Math.hypot(x, y) < THRESHOLD) return;
      dragged.current = true;
      const card = cardOf(event.currentTarget!);
      card.classList.add('dragged');
      card.style.translate = `${x}px ${y}px`;
      onOver(hostAt(event));
    },
    onPointerUp: (event: PointerEvent) => {
      const isDrag = dragged.current;
      const host = isDrag ? hostAt(event) : undefined;
      finish(event);
      if (host !== undefined) onMove(name, host);
    },
    onPointerCancel: finish,
  };
}
