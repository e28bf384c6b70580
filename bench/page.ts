/** The matrix as a table: a line for every cell with WASM's time and, by it, those of the others. */

import type { Matrix } from './options.ts';
import { costPlot, ratioPlot } from './plots.ts';
import type { Result } from './results.ts';
import { type RivalName, SLOTS } from './rivals.ts';
import { type MeasuredRow, type Row, isMeasured, isOf } from './rows.ts';
import type { Measured } from './run.ts';

const COLUMNS = {
  gcc: 'gcc',
  clang: 'clang',
  typescript: 'TypeScript',
  'limit-c': 'limit, C',
  'limit-wasm': 'limit, WASM',
  'wasm-threads': 'shared memory',
} as const satisfies Partial<Record<RivalName, string>>;

export function engineResult({ rows, conditions, load }: Measured, { passes }: Matrix): Result {
  const absent = [
    ...new Set(rows.filter((row) => !isMeasured(row)).map((row) => `${row.rival} (${row.absent})`)),
  ];
  return {
    section: 'engine',
    method: [
      `\`npm run bench\`; frames of 64 B, ${SLOTS} slots, medians of ${passes} passes, all engines pass by pass in turn in one process`,
      `${conditions?.isPinned === true ? 'that is pinned to one core' : 'that is not pinned to a core'}, by`,
      `${conditions?.isThreadTime === true ? 'the processor time of its thread' : 'the clock'}; load average ${load.toFixed(1)}.`,
      'Under the names of the others: their time by WASM’s; above 1 WASM is faster. The limit only reads and writes the frames’',
      'memory. Quartiles are of WASM’s time by its median.',
      ...(absent.length > 0 ? [`Absent: ${absent.join('; ')}.`] : []),
    ].join(' '),
    head: [
      'operation',
      'endpoints',
      'to',
      'batch',
      'WASM ns',
      'Mpps',
      ...Object.values(COLUMNS),
      'quartiles',
    ],
    cells: rows.filter(({ rival }) => rival === 'wasm').map((wasm) => line(wasm, rows)),
    rows,
    pictures: [
      { file: 'cost.svg', alt: 'Time for a packet by number of endpoints', svg: costPlot(rows) },
      { file: 'ratios.svg', alt: 'Time of the other engines by WASM’s', svg: ratioPlot(rows) },
    ],
  };
}

const NONE = '–';

function line(wasm: Row, rows: readonly Row[]): string[] {
  const same = rows.filter((row) => isOf(row, wasm));
  const ratioOf = (rival: string) =>
    same.find((row): row is MeasuredRow => row.rival === rival && isMeasured(row))?.ratio;
  return [
    wasm.operation,
    wasm.endpoints.toLocaleString('en-US'),
    wasm.destination,
    String(wasm.batch),
    wasm.nsMedian?.toFixed(1) ?? NONE,
    wasm.mpps?.toFixed(1) ?? NONE,
    ...Object.keys(COLUMNS).map((rival) => ratioOf(rival)?.toFixed(2) ?? NONE),
    wasm.spread?.map((part) => part.toFixed(2)).join('–') ?? NONE,
  ];
}
