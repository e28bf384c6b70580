/** Collects the problems of one document while it is read. */

import type * as z from 'zod';
import { type Path, didYouMean, formatPath, show } from './errors.ts';

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

  /** `value` as the schema has it, or undefined after its problems were noted. */
  parse<Schema extends z.ZodType>(schema: Schema, value: unknown, path: Path): z.output<Schema> | undefined {
    const result = schema.safeParse(value);
    if (result.success) return result.data;
    for (const issue of result.error.issues) this.#addIssue(schema, issue, value, path);
    return undefined;
  }

  #addIssue(schema: z.ZodType, issue: z.core.$ZodIssue, value: unknown, path: Path): void {
    const within = issue.path.map((part) => (typeof part === 'number' ? part : String(part)));
    const where = [...path, ...within];
    if (issue.code === 'unrecognized_keys') {
      const known = keysOf(schema, within);
      for (const key of issue.keys)
        this.add([...where, key], `unknown key "${key}"${didYouMean(key, known)}`);
      return;
    }
    this.add(where, `expected ${issue.message}, got ${show(valueAt(value, within))}`);
  }
}

function valueAt(value: unknown, path: Path): unknown {
  let at = value;
  for (const part of path) at = (at as Record<string | number, unknown> | undefined)?.[part];
  return at;
}

/** The keys that an object inside a schema may have. */
function keysOf(schema: z.ZodType, path: Path): string[] {
  let at = schema as { shape?: Record<string, z.ZodType>; unwrap?: () => z.ZodType };
  for (const part of path) {
    while (at.shape === undefined && at.unwrap !== undefined) at = at.unwrap() as typeof at;
    at = (at.shape?.[part] ?? {}) as typeof at;
  }
  while (at.shape === undefined && at.unwrap !== undefined) at = at.unwrap() as typeof at;
  return Object.keys(at.shape ?? {});
}

/** Things that may exist once: says where the first one stands. */
export class Unique {
  readonly #first = new Map<string | number, Path>();
  readonly #collector: Collector;

  constructor(collector: Collector) {
    this.#collector = collector;
  }

  /** @param what names the thing in the message, `host name "host1"`. */
  claim(key: string | number, path: Path, what: string): void {
    const first = this.#first.get(key);
    if (first === undefined) this.#first.set(key, path);
    else this.#collector.add(path, `expected it once, got ${what} again`, first);
  }
}
