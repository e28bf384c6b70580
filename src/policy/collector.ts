/** Collects the problems of one document while it is read. */

import type * as z from 'zod/mini';
import { type Path, didYouMean, formatPath, show } from './errors.ts';
import { type Readable, readablePart, unwrap } from './readable.ts';
import { type Claimed, type Registry, Unique } from './registry.ts';

export interface Found {
  readonly path: Path;
  readonly message: string;
  /** Where the thing stands that this one repeats. */
  readonly first?: Path;
}

export class Collector {
  readonly found: Found[] = [];
  readonly #seen = new Set<string>();

  /** Notes a problem once. */
  add(path: Path, message: string, first?: Path): void {
    const key = `${formatPath(path)} ${message}`;
    if (this.#seen.has(key)) return;
    this.#seen.add(key);
    this.found.push(first === undefined ? { path, message } : { path, message, first });
  }

  /** The path of a part. */
  within(path: Path, part: string | number): Path {
    return [...path, part];
  }

  /** For things that may exist once. */
  unique<Key extends Claimed>(): Registry<Key> {
    return new Unique(this);
  }

  /** `value` as the schema has it; what is wrong with it is noted, and the rest of it is read. */
  read<Schema extends z.ZodMiniType>(schema: Schema, value: unknown, path: Path): Readable<z.output<Schema>> {
    const result = schema.safeParse(value);
    if (result.success) return result.data as Readable<z.output<Schema>>;
    for (const issue of result.error.issues) this.#addIssue(schema, issue, value, path);
    return (readablePart(schema, value) ?? {}) as Readable<z.output<Schema>>;
  }

  #addIssue(schema: z.ZodMiniType, issue: z.core.$ZodIssue, value: unknown, path: Path): void {
    const within = issue.path.map((part) => (typeof part === 'number' ? part : String(part)));
    const where = [...path, ...within];
    if (issue.code === 'unrecognized_keys') {
      const known = keysOf(schema, within);
      for (const key of issue.keys)
        this.add([...where, key], `unknown key "${key}"${didYouMean(key, known)}`);
      return;
    }
    const got = valueAt(value, within);
    this.add(where, `expected ${issue.message}, got ${show(got)}${quotesHint(issue, got)}`);
  }
}

/** YAML's quotes: around what is no text, and missing where a colon at the end makes a key of an address. */
function quotesHint(issue: z.core.$ZodIssue, got: unknown): string {
  if (issue.code !== 'invalid_type') return '';
  if (typeof got === 'string')
    return issue.expected !== 'string' && /^(\d+|true|false)$/.test(got) ? ': write it without quotes' : '';
  const [[key, value] = ['', undefined], ...others] = Object.entries(got ?? {});
  return value === null && others.length === 0 && key.endsWith(':')
    ? `: write it with quotes, '${key}:'`
    : '';
}

function valueAt(value: unknown, path: Path): unknown {
  let at = value;
  for (const part of path) at = (at as Record<string | number, unknown> | undefined)?.[part];
  return at;
}

/** The keys that an object inside a schema may have. */
function keysOf(schema: z.ZodMiniType, path: Path): string[] {
  let at: z.ZodMiniType | undefined = schema;
  for (const part of path) at = at && shapeOf(at)[part];
  return at === undefined ? [] : Object.keys(shapeOf(at));
}

function shapeOf(schema: z.ZodMiniType): Record<string, z.ZodMiniType> {
  const inner = unwrap(schema) as { shape?: Record<string, z.ZodMiniType> };
  return inner.shape ?? {};
}
