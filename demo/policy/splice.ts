/** Fields of a mapping in a YAML or JSON text, changed where they stand: comments, order and quotes stay. */

import { type Document, type Node, type Pair, type YAMLMap, isScalar, stringify } from 'yaml';

/** Undefined: left out. */
export interface Fields {
  readonly host: string;
  readonly method: string | undefined;
  readonly providerAddresses: readonly string[] | undefined;
  readonly useVmMac: boolean | undefined;
}

/** What it means to leave them out, which somebody may have written all the same. */
const DEFAULTS: { readonly [key in keyof Fields]?: Fields[key] } = {
  method: 'nvgre',
  providerAddresses: [],
  useVmMac: false,
};

type Entry = Pair<Node, Node | null>;

/** The document, the mapping in it, and what is wanted of it. */
export interface Change {
  readonly document: Document;
  readonly map: YAMLMap<Node, Node>;
  readonly wanted: Fields;
}

interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** @returns the text with these fields in the mapping; undefined where that takes more than exchanging pieces. */
export function spliced(text: string, change: Change): string | undefined {
  const { map } = change;
  const entries = map.items;
  const style = styleOf(text, map);
  const edits: Edit[] = [];
  const added: string[] = [];
  for (const { key, value, entry } of unsaid(change)) {
    if (entry === undefined) {
      if (value !== undefined)
        added.push(`${style.isJson ? JSON.stringify(key) : key}: ${written(value, style)}`);
    } else if (value === undefined) {
      const edit = style.isFlow ? cutFromFlow(entries, entry) : cutLines(text, entry);
      if (edit === undefined) return undefined;
      edits.push(edit);
    } else {
      const range = entry.value?.range;
      if (range === null || range === undefined) return undefined;
      edits.push({ start: range[0], end: endOf(text, range[1]), text: written(value, style) });
    }
  }
  // Behind the host, which every endpoint has.
  const host = entries.find((one) => isScalar(one.key) && one.key.value === 'host');
  const range = host?.value?.range;
  if (added.length > 0) {
    if (range === null || range === undefined) return undefined;
    const at = style.isFlow ? range[1] : lineEnd(text, range[1]);
    edits.push({ start: at, end: at, text: added.map((one) => style.before + one).join('') });
  }
  return applied(text, edits);
}

/** The fields that are not what is wanted, with their entries, if they have any. */
export function unsaid({ document, map, wanted }: Change) {
  return (Object.entries(wanted) as [keyof Fields, Fields[keyof Fields]][]).flatMap(([key, value]) => {
    const entry = map.items.find((one) => isScalar(one.key) && one.key.value === key) as Entry | undefined;
    const said: unknown = entry?.value?.toJS(document);
    return entry !== undefined && JSON.stringify(said) === JSON.stringify(value ?? DEFAULTS[key])
      ? []
      : [{ key, value, entry }];
  });
}

interface Style {
  readonly isFlow: boolean;
  readonly isJson: boolean;
  /** What stands before another field. */
  readonly before: string;
}

function styleOf(text: string, map: YAMLMap<Node, Node>): Style {
  const key = map.items[0]!.key;
  const isFlow = map.flow === true;
  const isJson = isFlow && isScalar(key) && key.type === 'QUOTE_DOUBLE';
  const start = key.range![0];
  const column = start - (text.lastIndexOf('\n', start - 1) + 1);
  const newline = text.includes('\r\n') ? '\r\n' : '\n';
  return { isFlow, isJson, before: isFlow ? ', ' : newline + ' '.repeat(column) };
}

function written(value: Exclude<Fields[keyof Fields], undefined>, { isJson }: Style): string {
  if (isJson) return JSON.stringify(value);
  if (typeof value !== 'object') return stringify(value, { singleQuote: true }).trimEnd();
  return `[${value.map((one) => (one.includes(':') ? `'${one}'` : one)).join(', ')}]`;
}

/** From the end of the field before it, or to the beginning of the one behind it. */
function cutFromFlow(entries: readonly Entry[], entry: Entry): Edit | undefined {
  const place = entries.indexOf(entry);
  const before = entries[place - 1]?.value?.range?.[1];
  const end = entry.value?.range?.[1];
  if (before === undefined || end === undefined) return undefined;
  return { start: before, end, text: '' };
}

/** The lines of a field, unless its first one is the first of a list's item. */
function cutLines(text: string, { key, value }: Entry): Edit | undefined {
  const range = value?.range;
  if (range === null || range === undefined) return undefined;
  const start = text.lastIndexOf('\n', key.range![0] - 1) + 1;
  if (text.slice(start, key.range![0]).trim() !== '') return undefined;
  const newline = text.indexOf('\n', endOf(text, range[1]));
  return { start, end: newline < 0 ? text.length : newline + 1, text: '' };
}

/** Behind the last character before `end` that can be seen. */
function endOf(text: string, end: number): number {
  return text.slice(0, end).trimEnd().length;
}

function lineEnd(text: string, at: number): number {
  const end = text.indexOf('\n', at);
  if (end < 0) return text.length;
  return text[end - 1] === '\r' ? end - 1 : end;
}

function applied(text: string, edits: readonly Edit[]): string {
  return [...edits]
    .sort((a, b) => b.start - a.start || b.end - a.end)
    .reduce((all, { start, end, text: piece }) => all.slice(0, start) + piece + all.slice(end), text);
}
