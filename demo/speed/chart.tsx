/** The samples of the measurement that runs, live. Its numbers are in the table of results. */

import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import type { Sample } from './messages.ts';

const HEIGHT = 260;

export function LiveChart({ samples }: { samples: readonly Sample[] }) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  useEffect(() => {
    const element = box.current!;
    const style = getComputedStyle(element);
    const line = style.getPropertyValue('--line');
    const axis = { stroke: style.color, grid: { stroke: line }, ticks: { stroke: line } };
    const made = new uPlot(
      {
        width: element.clientWidth,
        height: HEIGHT,
        legend: { live: false },
        scales: { x: { time: false }, y: { range: (_, __, most) => [0, Math.max(most, 0.1) * 1.15] } },
        axes: [
          { ...axis, label: 'sample' },
          { ...axis, label: 'million packets per second' },
        ],
        series: [
          {},
          { label: 'WebAssembly', stroke: style.getPropertyValue('--accent'), width: 3 },
          { label: 'plain TypeScript', stroke: style.getPropertyValue('--muted'), width: 3, dash: [7, 5] },
        ],
      },
      [[], [], []],
      element,
    );
    plot.current = made;
    const resize = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height: HEIGHT }));
    resize.observe(element);
    return () => {
      resize.disconnect();
      made.destroy();
    };
  }, []);
  useEffect(() => {
    const numbers = samples.map((_, index) => index + 1);
    plot.current?.setData([
      numbers,
      samples.map(({ wasm }) => wasm),
      samples.map(({ plain }) => plain ?? null),
    ]);
  }, [samples]);
  return (
    <div
      ref={box}
      class="chart"
      role="img"
      aria-label="Packets per second so far; the table of results has the numbers"
    />
  );
}
