/** What was measured, as a table and as text to copy. */

import type { Result } from './messages.ts';

const TITLES = [
  'Operation',
  'Endpoints',
  'Batch',
  'Workers',
  'WASM, Mpps',
  'TypeScript, Mpps',
  'Times faster',
];

const cells = ({ operation, endpoints, batch, workers, wasm, plain }: Result) => [
  operation,
  endpoints.toLocaleString('en'),
  String(batch),
  String(workers),
  wasm.toFixed(2),
  plain === undefined ? '–' : plain.toFixed(2),
  plain === undefined ? '–' : (wasm / plain).toFixed(2),
];

export function Results({ results }: { results: readonly Result[] }) {
  return (
    <div class="scroll" tabIndex={0} role="group" aria-label="Results">
      <table class="data">
        <caption class="hidden">Results</caption>
        <thead>
          <tr>
            {TITLES.map((title) => (
              <th scope="col" key={title}>
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {results.map((result, index) => {
            const [first, ...rest] = cells(result);
            return (
              <tr key={index}>
                <th scope="row">{first}</th>
                {rest.map((text, column) => (
                  <td key={column}>{text}</td>
                ))}
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

/** A table that pages and issues understand (Markdown). */
export function asText(results: readonly Result[]): string {
  const line = (texts: readonly string[]) => `| ${texts.join(' | ')} |`;
  return [
    `netvirt in ${navigator.userAgent}, ${navigator.hardwareConcurrency} threads`,
    '',
    line(TITLES),
    line(TITLES.map(() => '---')),
    ...results.map((result) => line(cells(result))),
    '',
  ].join('\n');
}
