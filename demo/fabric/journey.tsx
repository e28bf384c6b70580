/** The way of a packet: one step per stop, the frame as it left there, the verdict. */

import type { Journey, Stop } from 'netvirt/simulate';
import { dissect } from 'netvirt/inspect';
import { useEffect } from 'preact/hooks';
import { FrameBar } from '../frame/bar.tsx';
import { FrameDetail } from '../frame/detail.tsx';
import { shownLayers } from '../frame/tones.ts';
import { useStore } from '../ui/store.ts';
import { Reasons } from './reasons.tsx';
import { type Choice, sending } from './sending.ts';

/** Milliseconds at each stop, on the way. */
const PACE = 450;

export function JourneyView() {
  const { journey, stop, choice, count } = useStore(sending);
  useEffect(() => {
    const isStill = matchMedia('(prefers-reduced-motion: reduce)').matches;
    if (journey === undefined || isStill) return undefined;
    const timer = setInterval(() => {
      const { stop: at, journey: current } = sending.value;
      if (current === journey && at < journey.stops.length - 1) sending.update({ stop: at + 1 });
      else clearInterval(timer);
    }, PACE);
    const halt = () => clearInterval(timer);
    // Whoever touches the steps wants to look.
    addEventListener('netvirt-halt', halt);
    return () => {
      halt();
      removeEventListener('netvirt-halt', halt);
    };
  }, [journey, count]);
  if (journey === undefined) return null;
  const current = journey.stops[stop] ?? journey.stops[0]!;
  const before = current.from === undefined ? undefined : journey.stops[current.from]?.frame;
  const widest = Math.max(...journey.stops.map(({ frame }) => frame.length));
  return (
    <section class="journey" aria-label="The way of the packet">
      <Outcome journey={journey} choice={choice} />
      <ol class="stops">
        {journey.stops.map((one, index) => (
          <li key={index}>
            <StopButton stop={one} index={index} isCurrent={index === stop} widest={widest} />
          </li>
        ))}
      </ol>
      <article class="card stop-detail" aria-live="off">
        <h3>
          {current.name}: {current.deed}, {current.frame.length} bytes
        </h3>
        <p class="hint">{explain(current, before)}</p>
        <FrameDetail frame={current.frame} before={before} />
        {current.place === 'host' ? <Reasons key={`${count} ${stop}`} journey={journey} stop={stop} /> : null}
      </article>
    </section>
  );
}

function Outcome({ journey, choice }: { journey: Journey; choice: Choice }) {
  const { isDelivered, name, sentence } = journey.outcome;
  const { receivers } = journey;
  const isStray = isDelivered && !receivers.includes(choice.to);
  return (
    <p class={isDelivered ? 'outcome good' : 'outcome bad'} role="status">
      <strong>{isDelivered ? `Delivered to ${receivers.join(', ') || 'the host'}` : 'Not delivered'}</strong>
      <code>{name}</code>
      <span>
        {isStray
          ? `That address is ${receivers.join(', ')} in the sender’s own network: it cannot name a VM of another customer.`
          : sentence}
      </span>
    </p>
  );
}

interface StopButtonProps {
  readonly stop: Stop;
  readonly index: number;
  readonly isCurrent: boolean;
  readonly widest: number;
}

function StopButton({ stop, index, isCurrent, widest }: StopButtonProps) {
  const isFailed = stop.deed === 'dropped' || stop.deed === 'lost';
  const look = () => {
    dispatchEvent(new Event('netvirt-halt'));
    sending.update({ stop: index });
  };
  const byKey = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
    if (step === undefined) return;
    const buttons = [...document.querySelectorAll<HTMLElement>('.stops button')];
    buttons[index + step]?.focus();
    event.preventDefault();
  };
  return (
    <button
      type="button"
      class={`stop ${isFailed ? 'failed' : ''}`}
      aria-current={isCurrent ? 'step' : undefined}
      onClick={look}
      onKeyDown={byKey}
      onFocus={look}
    >
      <span class="stop-title">
        <span class="place">{stop.place === 'vm' ? 'VM' : stop.place}</span>
        {stop.name === 'router' ? null : <span class="stop-name">{stop.name}</span>}
        <span class="deed">{stop.deed}</span>
      </span>
      <span class="bar-track">
        <span class="bar-size" style={{ flexBasis: `${Math.round((stop.frame.length / widest) * 100)}%` }}>
          <FrameBar layers={shownLayers(dissect(stop.frame))} length={stop.frame.length} />
        </span>
      </span>
      <span class="size">{stop.frame.length} B</span>
    </button>
  );
}

function explain(stop: Stop, before: Uint8Array | undefined): string {
  if (stop.loss !== undefined) return `The physical network lost it: ${stop.loss}.`;
  if (stop.verdict !== undefined && stop.deed === 'dropped')
    return `${stop.verdict.name}: ${stop.verdict.sentence} (rule ${stop.verdict.rule}).`;
  const sentences: Partial<Record<Stop['deed'], string>> = {
    sent: 'What the VM sends: customer addresses only. It knows nothing of the physical network.',
    encapsulated:
      'The envelope is on: outer addresses are the hosts’, the VSID in the GRE key says whose network it is. Not a byte of the customer’s frame changed.',
    rewritten:
      'Customer addresses were exchanged for provider addresses in place; the frame is as long as before.',
    decapsulated: 'The envelope is off: what is left is the frame that the VM sent, byte by byte.',
    restored: 'Provider addresses became customer addresses again.',
    'handed over': 'Both VMs are on this host: the packet never saw the wire.',
    switched: 'The switch learns the outer source, and sees nothing of the customer.',
    routed: 'The router changed the outer MACs, took one off the TTL and corrected the checksum.',
    answered: 'This host sends something back to the VM.',
    received: 'What the VM receives.',
  };
  const sentence = sentences[stop.deed] ?? '';
  return before === undefined ? sentence : `${sentence} Changed bytes are marked.`;
}
