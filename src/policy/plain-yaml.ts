/**
 * YAML as large policies are written: block lists and mappings, flow ones inside them, scalars without spaces or in simple
 * quotes, comments. Whatever else YAML has, all that is wrong, and all places are left to the library, which builds nodes of
 * several objects for each scalar; a property test holds both to the same values.
 */

/** Ends the reading of a text that is not plain. */
class Unusual extends Error {}

type Mapping = Record<string, unknown>;

/** The document; undefined: ask the library. */
export function plainYaml(text: string): Mapping | undefined {
  // Tabs and carriage returns have rules of their own.
  if (/[\t\r]/.test(text)) return undefined;
  try {
    return new Reader(text).document();
  } catch (error) {
    if (error instanceof Unusual) return undefined;
    throw error;
  }
}

const SPACES = / */y;
const COMMENT = /#[ -~]*/y;
/** No sign and no indicator begins it, and each colon has something behind it. */
const PLAIN = /[\w./](?:[\w./+-]|:+(?=[\w./+-]))*/y;
const QUOTED = /"[ !#-[\]-~]*"|'[ -&(-~]*'/y;
const KEY = /(?:[A-Za-z]\w*|0|[1-9]\d{0,14})(?=:(?:[ \n]|$))/y;
const INTEGER = /^(?:0|[1-9]\d{0,14})$/;
/** Numbers in any notation, and what looks like one. */
const NUMERIC = /^[\d.][\da-fox.+-]*$/i;
/** What no notation of numbers has: addresses and UUIDs. */
const TWICE = /\..*\.|-.*-/;
const WORD = /^(?:null|true|false|\.inf|\.nan)$/i;
/** Nobody nests a policy deeper, and the stack is finite. */
const DEEPEST = 32;

const NEWLINE = 0x0a;
const HASH = 0x23;
const COMMA = 0x2c;
const DASH = 0x2d;
const COLON = 0x3a;
const LIST = { open: 0x5b, close: 0x5d };
const MAPPING = { open: 0x7b, close: 0x7d };

class Reader {
  readonly #text: string;
  #at = 0;
  /** Where the line of `#at` begins. */
  #line = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
  }

  document(): Mapping {
    this.#skipLines();
    if (this.#column > 0) throw new Unusual();
    const mapping = this.#blockMapping(0);
    if (this.#at < this.#text.length) throw new Unusual();
    return mapping;
  }

  get #column(): number {
    return this.#at - this.#line;
  }

  get #code(): number {
    return this.#text.charCodeAt(this.#at);
  }

  /** From behind a value to the first character of the next line that has more than a comment. */
  #endLine(): void {
    const end = this.#at;
    this.#match(SPACES);
    if (this.#code === HASH && this.#at > end) this.#match(COMMENT);
    if (this.#at < this.#text.length) this.#newLine();
    this.#skipLines();
  }

  #skipLines(): void {
    for (;;) {
      this.#match(SPACES);
      if (this.#code === HASH) this.#match(COMMENT);
      if (this.#code !== NEWLINE) return;
      this.#newLine();
    }
  }

  #newLine(): void {
    this.#take(NEWLINE);
    this.#line = this.#at;
  }

  /** A mapping whose keys stand in `column`, where `#at` is. */
  #blockMapping(column: number): Mapping {
    this.#enter();
    const mapping: Mapping = {};
    do {
      const key = this.#key(mapping);
      mapping[key] = this.#blockValue(column);
    } while (this.#column === column && this.#at < this.#text.length);
    this.#depth--;
    return mapping;
  }

  /** Behind the colon of a key in `column`. */
  #blockValue(column: number): unknown {
    const behind = this.#at;
    this.#match(SPACES);
    if (this.#code !== NEWLINE && this.#code !== HASH) return this.#lineValue(column);
    this.#at = behind;
    this.#endLine();
    if (this.#isDash() && this.#column >= column) return this.#blockList(this.#column);
    if (this.#column <= column) throw new Unusual();
    return this.#blockMapping(this.#column);
  }

  #blockList(column: number): unknown[] {
    this.#enter();
    const list: unknown[] = [];
    do {
      this.#take(DASH);
      this.#match(SPACES);
      list.push(this.#isAt(KEY) ? this.#blockMapping(this.#column) : this.#lineValue(column));
    } while (this.#column === column && this.#isDash());
    this.#depth--;
    return list;
  }

  /** To the end of its line, or of the line where its last bracket is. */
  #lineValue(column: number): unknown {
    const value = this.#flowValue(column);
    this.#endLine();
    return value;
  }

  /** @param column of what it is in: no line of it begins there or further left. */
  #flowValue(column: number): unknown {
    if (this.#code === LIST.open) return this.#flowList(column);
    if (this.#code === MAPPING.open) return this.#flowMapping(column);
    return this.#scalar();
  }

  #flowList(column: number): unknown[] {
    const list: unknown[] = [];
    this.#flow(LIST, column, () => list.push(this.#flowValue(column)));
    return list;
  }

  #flowMapping(column: number): Mapping {
    const mapping: Mapping = {};
    this.#flow(MAPPING, column, () => {
      const key = this.#key(mapping);
      this.#skipInFlow(column);
      mapping[key] = this.#flowValue(column);
    });
    return mapping;
  }

  #flow(brackets: typeof LIST, column: number, element: () => void): void {
    this.#enter();
    this.#take(brackets.open);
    this.#skipInFlow(column);
    while (this.#code !== brackets.close) {
      element();
      this.#skipInFlow(column);
      if (this.#code === brackets.close) break;
      this.#take(COMMA);
      this.#skipInFlow(column);
    }
    this.#take(brackets.close);
    this.#depth--;
  }

  #skipInFlow(column: number): void {
    const begin = this.#at;
    const line = this.#line;
    this.#match(SPACES);
    if (this.#code === HASH && this.#at === begin) throw new Unusual();
    if (this.#code === HASH) this.#match(COMMENT);
    if (this.#code === NEWLINE) this.#skipLines();
    if (this.#line !== line && this.#column <= column) throw new Unusual();
  }

  /** With the colon. */
  #key(mapping: Mapping): string {
    const begin = this.#at;
    if (!this.#match(KEY)) throw new Unusual();
    const key = this.#text.slice(begin, this.#at);
    if (WORD.test(key) || Object.hasOwn(mapping, key)) throw new Unusual();
    this.#take(COLON);
    return key;
  }

  #scalar(): string | number | boolean {
    const begin = this.#at;
    if (this.#match(QUOTED)) return this.#text.slice(begin + 1, this.#at - 1);
    if (!this.#match(PLAIN)) throw new Unusual();
    const text = this.#text.slice(begin, this.#at);
    if (INTEGER.test(text)) return Number(text);
    if (text === 'true') return true;
    if (text === 'false') return false;
    if (WORD.test(text) || (NUMERIC.test(text) && !TWICE.test(text))) throw new Unusual();
    return text;
  }

  #isDash(): boolean {
    return this.#code === DASH && this.#text[this.#at + 1] === ' ';
  }

  #isAt(pattern: RegExp): boolean {
    pattern.lastIndex = this.#at;
    return pattern.test(this.#text);
  }

  #match(pattern: RegExp): boolean {
    if (!this.#isAt(pattern)) return false;
    this.#at = pattern.lastIndex;
    return true;
  }

  #take(code: number): void {
    if (this.#code !== code) throw new Unusual();
    this.#at++;
  }

  #enter(): void {
    if (++this.#depth > DEEPEST) throw new Unusual();
  }
}
