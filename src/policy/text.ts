/** The text of a policy: from YAML or JSON to a document, and from problems back to their lines and columns. */

import { type Document, LineCounter, type YAMLError, parseDocument } from 'yaml';
import type { Found } from './collector.ts';
import { type Path, PolicyError, type Problem, show } from './errors.ts';
import { findJsonPlaces } from './json-places.ts';
import { plainYaml } from './plain-yaml.ts';
import { type Locate, type Place, inOrder, toProblems } from './problems.ts';

export type Format = 'yaml' | 'json';

/** @throws PolicyError for what cannot be read as that format. */
export function parseText(text: string, file: string, format: Format): unknown {
  return format === 'json' ? parseJson(text, file) : (plainYaml(text) ?? parseYaml(text, file).document);
}

/** Places cost a second look at the text, which a right policy does not pay for. */
export function locateInText(found: readonly Found[], text: string, file: string, format: Format): Problem[] {
  return format === 'json'
    ? locateInJson(found, text, file)
    : toProblems(found, file, parseYaml(text, file).locate);
}

export function formatOf(file: string, text: string): Format {
  if (/\.json$/i.test(file)) return 'json';
  if (/\.ya?ml$/i.test(file)) return 'yaml';
  return /^\s*\{\s*["}]/.test(text) ? 'json' : 'yaml';
}

function parseJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    const offset = findJsonPlaces(text).fault ?? text.length;
    const got = offset === text.length ? 'the end of the text' : show(text.slice(offset, offset + 10));
    const message = `expected JSON, got ${got}`;
    throw new PolicyError([{ file, ...placeOf(lineStarts(text), offset), path: '', message }]);
  }
}

function lineStarts(text: string): number[] {
  const starts = [0];
  for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', end + 1)) starts.push(end + 1);
  return starts;
}

/** @param starts offsets at which lines begin. */
function placeOf(starts: readonly number[], offset: number): Place {
  let low = 0;
  for (let high = starts.length; high - low > 1;) {
    const middle = (low + high) >>> 1;
    if (starts[middle]! <= offset) low = middle;
    else high = middle;
  }
  return { line: low + 1, column: offset - starts[low]! + 1 };
}

/** Problems of a JSON text at their places, and the keys that it has twice. */
function locateInJson(found: readonly Found[], text: string, file: string): Problem[] {
  const paths = found.flatMap(({ path, first }) => (first === undefined ? [path] : [path, first]));
  const places = findJsonPlaces(text, paths);
  const starts = lineStarts(text);
  const duplicates = places.duplicates.map(({ offset, key }) => {
    const message = `expected every key once, got ${show(key)} again`;
    return { file, ...placeOf(starts, offset), path: '', message };
  });
  const problems = toProblems(found, file, (path) => placeOf(starts, places.offsetOf(path)));
  return inOrder([...problems, ...duplicates]);
}

function parseYaml(text: string, file: string): { document: unknown; locate: Locate } {
  const lineCounter = new LineCounter();
  const parsed = parseDocument(text, { lineCounter, prettyErrors: false, uniqueKeys: true });
  if (parsed.errors.length > 0) throw new PolicyError(yamlProblems(parsed.errors, file, lineCounter));
  const locate = (path: Path): Place => {
    for (let length = path.length; length >= 0; length--) {
      const node = nodeAt(parsed, path.slice(0, length));
      if (node?.range === undefined || node.range === null) continue;
      const { line, col } = lineCounter.linePos(node.range[0]);
      return { line: Math.max(line, 1), column: Math.max(col, 1) };
    }
    return { line: 1, column: 1 };
  };
  try {
    return { document: parsed.toJS({ maxAliasCount: 100 }) as unknown, locate };
  } catch (error) {
    const message = `expected a document that can be built, got: ${(error as Error).message}`;
    throw new PolicyError([{ file, line: 1, column: 1, path: '', message }]);
  }
}

/** A VLAN id is a number as a key of YAML, but text as a key of the document. */
function nodeAt(parsed: Document, path: Path): Ranged | null | undefined {
  if (path.length === 0) return parsed.contents;
  const numbered = path.map((part) => (typeof part === 'string' && /^\d+$/.test(part) ? Number(part) : part));
  return (parsed.getIn(path, true) ?? parsed.getIn(numbered, true)) as Ranged | null | undefined;
}

interface Ranged {
  readonly range?: readonly [number, number, number] | null;
}

const YAML_ERRORS_SHOWN = 5;

/** One missing quote can be hundreds of errors: those at the beginning say where it is. */
function yamlProblems(errors: readonly YAMLError[], file: string, lineCounter: LineCounter): Problem[] {
  const sorted = [...errors].sort((a, b) => a.pos[0] - b.pos[0]);
  const at = ({ pos }: YAMLError) => {
    const { line, col } = lineCounter.linePos(pos[0]);
    return { file, line: Math.max(line, 1), column: Math.max(col, 1), path: '' };
  };
  const problems = sorted.slice(0, YAML_ERRORS_SHOWN).map((error) => {
    const [message = ''] = error.message.split('\n');
    return { ...at(error), message: `expected YAML, got: ${message}` };
  });
  const next = sorted[YAML_ERRORS_SHOWN];
  if (next === undefined) return problems;
  const more = sorted.length - YAML_ERRORS_SHOWN;
  return [...problems, { ...at(next), message: `expected YAML, got ${more} more errors from here on` }];
}
