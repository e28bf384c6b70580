/** Text or document → Policy, with every problem at its place. */

import { type Document, LineCounter, type YAMLError, parseDocument } from 'yaml';
import { formatIp, parseMac } from './addresses.ts';
import { Collector, type Found, Unique } from './collector.ts';
import { type Fabric, readCustomers } from './domains.ts';
import { type Path, PolicyError, type Problem, formatPath, show } from './errors.ts';
import { readHosts } from './hosts.ts';
import { findJsonPlaces } from './json-places.ts';
import type { Policy, Provider } from './model.ts';
import { type ProviderDocument, policySchema, providerSchema } from './schema.ts';
import { checkUnderlay } from './underlay.ts';

export interface ParseOptions {
  /** Name for messages; its extension decides between YAML and JSON. */
  file?: string;
  /** Default: by the file's extension, else JSON if the text begins with `{`, else YAML. */
  format?: 'yaml' | 'json';
}

interface Place {
  readonly line: number;
  readonly column: number;
}

/** The place of a path in the text, or of the nearest thing around it that exists. */
type Locate = (path: Path) => Place;

/**
 * Parses and validates a policy.
 * @throws PolicyError with all problems, each `file:line:column: path: expected …, got …`.
 */
export function parsePolicy(text: string, options: ParseOptions = {}): Policy {
  const file = options.file ?? 'policy';
  const source = text.startsWith('\ufeff') ? text.slice(1) : text;
  const format = options.format ?? formatOf(file, source);
  const document = format === 'json' ? parseJson(source, file) : parseYaml(source, file).document;
  const collector = new Collector();
  const policy = readPolicy(collector, document);
  if (collector.found.length === 0) return policy;
  // Places cost a second look at the text, which a right policy does not pay for.
  if (format === 'json') throw new PolicyError(locateInJson(collector.found, source, file));
  throw new PolicyError(toProblems(collector.found, file, parseYaml(source, file).locate));
}

/**
 * Validates a document that was built in memory: what `parsePolicy` would find in its file.
 * @throws PolicyError with all problems, without lines and columns.
 */
export function validatePolicy(document: unknown, options: { name?: string } = {}): Policy {
  const collector = new Collector();
  const policy = readPolicy(collector, document);
  if (collector.found.length === 0) return policy;
  throw new PolicyError(toProblems(collector.found, options.name ?? 'policy', undefined));
}

const validated = new WeakSet<object>();

/** The object came from `parsePolicy` or `validatePolicy`. */
export function isPolicy(value: object): value is Policy {
  return validated.has(value);
}

function formatOf(file: string, text: string): 'yaml' | 'json' {
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
  if (parsed.errors.length > 0)
    throw new PolicyError(parsed.errors.map((error) => yamlProblem(error, file, lineCounter)));
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

function yamlProblem(error: YAMLError, file: string, lineCounter: LineCounter): Problem {
  const { line, col } = lineCounter.linePos(error.pos[0]);
  const [message = ''] = error.message.split('\n');
  return {
    file,
    line: Math.max(line, 1),
    column: Math.max(col, 1),
    path: '',
    message: `expected YAML, got: ${message}`,
  };
}

function toProblems(found: readonly Found[], file: string, locate: Locate | undefined): Problem[] {
  const problems = found.map(({ path, message, first }) => {
    const place = locate?.(path);
    const before = first === undefined ? '' : ` (first: ${firstPlace(first, locate)})`;
    return {
      file,
      line: place?.line,
      column: place?.column,
      path: formatPath(path),
      message: message + before,
    };
  });
  return inOrder(problems);
}

function firstPlace(path: Path, locate: Locate | undefined): string {
  return locate === undefined ? formatPath(path) : `${formatPath(path)}, line ${locate(path).line}`;
}

function inOrder(problems: Problem[]): Problem[] {
  return problems.sort((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0));
}

/** Reads as much as can be read, so that every problem is found; the result counts only if there was none. */
function readPolicy(collector: Collector, document: unknown): Policy {
  const root =
    typeof document === 'object' && document !== null && !Array.isArray(document)
      ? (document as Record<string, unknown>)
      : {};
  checkRoot(collector, document, root);
  const provider = buildProvider(collector.parse(providerSchema, root.provider ?? {}, ['provider']));
  const providers = new Unique(collector);
  const claimProvider: Fabric['claimProvider'] = (address, path) => {
    providers.claim(formatIp(address), path, `provider address ${formatIp(address)}`);
  };
  const hosts = readHosts(collector, listOf(root.hosts), ['hosts'], claimProvider);
  const fabric: Fabric = {
    collector,
    hosts,
    claimProvider,
    routerMac: provider.routerMac,
    vsids: new Unique(collector),
    domainIds: new Unique(collector),
    endpointNames: new Unique(collector),
  };
  const customers = readCustomers(fabric, listOf(root.customers), ['customers']);
  const policy: Policy = { version: 1, provider, hosts: hosts.hosts, customers };
  if (collector.found.length === 0) checkUnderlay(collector, policy);
  validated.add(policy);
  return policy;
}

/** The document's own fields; `provider` and the elements of the lists are read on their own. */
function checkRoot(collector: Collector, document: unknown, root: Record<string, unknown>): void {
  if (root !== document) {
    collector.parse(policySchema, document, []);
    return;
  }
  const stripped = { ...root };
  if ('provider' in stripped) stripped.provider = {};
  if (Array.isArray(stripped.hosts) && stripped.hosts.length > 0) stripped.hosts = [ANY_HOST];
  if (Array.isArray(stripped.customers)) stripped.customers = [];
  collector.parse(policySchema, stripped, []);
}

const ANY_HOST = { name: 'any', addresses: ['192.0.2.1/24'], mac: '02:00:00:00:00:01' };

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function buildProvider(document: ProviderDocument | undefined): Provider {
  const { routerMac, ...rest } = document ?? providerSchema.parse({});
  return { ...rest, routerMac: parseMac(routerMac)! };
}
