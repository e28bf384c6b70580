/**
 * Places in a JSON text: where it stops being JSON, where the values of given paths begin, which keys stand twice. Only
 * a text with problems is scanned; `JSON.parse` says neither, and building a tree of a large text takes gigabytes.
 */

import type { Path } from './errors.ts';

/** A value whose place is wanted, or that is on the way to one. */
interface Wanted {
  offset: number | undefined;
  readonly children: Map<string | number, Wanted>;
}

/** An object or array that is open at the current offset. */
interface Open {
  readonly isArray: boolean;
  readonly wanted: Wanted | undefined;
  readonly keys: Set<string> | undefined;
  isEmpty: boolean;
  key: string | number;
}

export interface JsonPlaces {
  /** Offset of the first character that no JSON text could have there; the text's length where it ends too early. */
  readonly fault: number | undefined;
  /** Offset of the value that a path names, or of the nearest one around it. */
  readonly offsetOf: (path: Path) => number;
  /** Keys that their object had before; `JSON.parse` keeps the last one only. */
  readonly duplicates: readonly { readonly offset: number; readonly key: string }[];
}

export function findJsonPlaces(text: string, paths: readonly Path[] = []): JsonPlaces {
  const root: Wanted = { offset: undefined, children: new Map() };
  for (const path of paths) {
    let at = root;
    for (const part of path) {
      let next = at.children.get(part);
      if (next === undefined) at.children.set(part, (next = { offset: undefined, children: new Map() }));
      at = next;
    }
  }
  const scanner = new Scanner(text, root);
  return { fault: scanner.scan(), duplicates: scanner.duplicates, offsetOf: (path) => offsetOf(root, path) };
}

function offsetOf(root: Wanted, path: Path): number {
  let offset = root.offset ?? 0;
  let at: Wanted | undefined = root;
  for (const part of path) {
    at = at.children.get(part);
    if (at?.offset === undefined) break;
    offset = at.offset;
  }
  return offset;
}

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const WORD = /true|false|null/y;
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;

/** Keeps its own stack of open objects and arrays: nesting is as deep as the text says. */
class Scanner {
  readonly duplicates: { offset: number; key: string }[] = [];
  readonly #text: string;
  readonly #root: Wanted;
  readonly #open: Open[] = [];
  #at = 0;

  constructor(text: string, root: Wanted) {
    this.#text = text;
    this.#root = root;
  }

  /** The offset of the fault, if there is one. */
  scan(): number | undefined {
    if (!this.#value(this.#root)) return this.#at;
    for (let open = this.#open.at(-1); open !== undefined; open = this.#open.at(-1)) {
      if (!this.#next(open)) return this.#at;
    }
    this.#skipSpace();
    return this.#at === this.#text.length ? undefined : this.#at;
  }

  /** What follows in an open object or array: its end, or the next element. */
  #next(open: Open): boolean {
    this.#skipSpace();
    if (this.#take(open.isArray ? ']' : '}')) {
      this.#open.pop();
      return true;
    }
    if (!open.isEmpty) {
      if (!this.#take(',')) return false;
      this.#skipSpace();
    }
    open.isEmpty = false;
    if (open.isArray) open.key = (open.key as number) + 1;
    else if (!this.#key(open)) return false;
    return this.#value(open.wanted?.children.get(open.key));
  }

  #key(open: Open): boolean {
    const offset = this.#at;
    if (!this.#string()) return false;
    const key = JSON.parse(this.#text.slice(offset, this.#at)) as string;
    if (open.keys?.has(key)) this.duplicates.push({ offset, key });
    open.keys?.add(key);
    open.key = key;
    this.#skipSpace();
    return this.#take(':');
  }

  #value(wanted: Wanted | undefined): boolean {
    this.#skipSpace();
    if (wanted !== undefined) {
      if (wanted.offset !== undefined) forget(wanted);
      wanted.offset = this.#at;
    }
    const first = this.#text[this.#at];
    if (first === '"') return this.#string();
    if (first !== '{' && first !== '[') return this.#match(NUMBER) || this.#match(WORD);
    this.#at++;
    const isArray = first === '[';
    const keys = isArray ? undefined : new Set<string>();
    this.#open.push({ isArray, wanted, keys, isEmpty: true, key: isArray ? -1 : '' });
    return true;
  }

  #string(): boolean {
    if (!this.#take('"')) return false;
    for (; this.#at < this.#text.length; this.#at++) {
      const code = this.#text.charCodeAt(this.#at);
      if (code === 0x22) return this.#take('"');
      if (code < 0x20) return false;
      if (code !== 0x5c) continue;
      if (!this.#match(ESCAPE)) return false;
      this.#at--;
    }
    return false;
  }

  #match(pattern: RegExp): boolean {
    pattern.lastIndex = this.#at;
    if (!pattern.test(this.#text)) return false;
    this.#at = pattern.lastIndex;
    return true;
  }

  #take(character: string): boolean {
    if (this.#text[this.#at] !== character) return false;
    this.#at++;
    return true;
  }

  #skipSpace(): void {
    for (; this.#at < this.#text.length; this.#at++) {
      const code = this.#text.charCodeAt(this.#at);
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return;
    }
  }
}

/** The key stands again: the last one counts, with nothing of the one before. */
function forget({ children }: Wanted): void {
  for (const child of children.values()) {
    child.offset = undefined;
    forget(child);
  }
}
