/** Bytes or packets over time, of all packets or per customer, with the same numbers as a table. */

import { useEffect, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { Segmented } from '../ui/segmented.tsx';
import type { Series, Timeline } from './messages.ts';

const DASHES = [[], [7, 4], [2, 3], [9, 3, 2, 3]];

export function TimelineChart({ timeline }: { timeline: Timeline }) {
  const [unit, setUnit] = useState<'bytes' | 'packets'>('bytes');
  const box = useRef<HTMLDivElement>(null);
  const { width, series } = timeline;
  const times = timesOf(timeline);
  const isPerCustomer = series.some(({ customer }) => customer !== undefined);
  useEffect(() => {
    const element = box.current;
    if (element === null) return undefined;
    const style = getComputedStyle(element);
    const colour = (name: string) => style.getPropertyValue(name);
    const axis = {
      stroke: style.color,
      grid: { stroke: colour('--line') },
      ticks: { stroke: colour('--line') },
    };
    const plot = new uPlot(
      {
        width: element.clientWidth,
        height: 240,
        scales: { x: { time: false } },
        legend: { live: false },
        cursor: { drag: { x: true, y: false } },
        axes: [
          { ...axis, label: 'seconds' },
          { ...axis, size: 76, values: (_, values) => values.map((value) => short(value)) },
        ],
        series: [
          { label: 'Time' },
          ...series.map(({ customer }, index) => ({
            label: nameOf(customer),
            stroke: seriesColour(element, index),
            width: 2,
            dash: DASHES[index % DASHES.length]!,
            points: { show: times.length < 3 },
          })),
        ],
      },
      [times, ...series.map((one) => [...one[unit]])],
      element,
    );
    const resize = new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height: 240 }));
    resize.observe(element);
    return () => {
      resize.disconnect();
      plot.destroy();
    };
  }, [timeline, unit]);
  return (
    <section class="card timeline" aria-labelledby="timeline-title">
      <div class="card-head">
        <h2 id="timeline-title">Over time, in steps of {width < 1 ? `${width * 1000} ms` : `${width} s`}</h2>
        <Segmented
          label="What"
          value={unit}
          options={[
            ['bytes', 'Bytes'],
            ['packets', 'Packets'],
          ]}
          onChange={setUnit}
        />
      </div>
      <div
        ref={box}
        class="chart"
        role="img"
        aria-label={`${unit} ${isPerCustomer ? 'per customer' : 'of all packets'} over time; “The numbers” opens them as a table`}
      />
      <Numbers timeline={timeline} unit={unit} />
    </section>
  );
}

/** Made when somebody wants to see it: it has hundreds of lines. */
function Numbers({ timeline: { width, series }, unit }: { timeline: Timeline; unit: 'bytes' | 'packets' }) {
  const [isOpen, setOpen] = useState(false);
  return (
    <details onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary>The numbers</summary>
      {isOpen ? (
        <div class="scroll" tabIndex={0} role="group" aria-label="Numbers of the chart">
          <table class="data">
            <thead>
              <tr>
                <th scope="col">From, s</th>
                {series.map(({ customer }) => (
                  <th scope="col" key={customer}>
                    {nameOf(customer)}, {unit}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {timesOf({ width, series }).map((time, bin) => (
                <tr key={time}>
                  <th scope="row">{time.toFixed(3)}</th>
                  {series.map((one) => (
                    <td key={one.customer}>{one[unit][bin]!.toLocaleString('en')}</td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      ) : null}
    </details>
  );
}

function timesOf({ width, series }: Timeline): number[] {
  return Array.from({ length: series[0]?.bytes.length ?? 0 }, (_, index) => index * width);
}

function nameOf(customer: Series['customer']): string {
  return customer === '' ? 'nobody known' : (customer ?? 'all packets');
}

/** As the customers of the fabric are coloured. */
function seriesColour(element: HTMLElement, index: number): string {
  const probe = document.createElement('span');
  probe.className = `customer-${(index % 4) + 1} customer-colour`;
  element.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

export function short(value: number): string {
  if (value >= 1e9) return `${value / 1e9} G`;
  if (value >= 1e6) return `${value / 1e6} M`;
  return value >= 1e3 ? `${value / 1e3} k` : String(value);
}
