/**
 * docs/conformance.md: the tests of every rule. Reads vitest's JSON report; test titles begin with the ids of the rules
 * that they show.
 *
 *   npm run conformance                              runs the tests and writes the page
 *   npm run conformance -- --check --report FILE     compares the page with a report that is there already
 */

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const PAGE = new URL('../docs/conformance.md', import.meta.url);

interface Rule {
  readonly id: string;
  readonly level: 'M' | 'S' | 'O' | 'fact';
  readonly text: string;
  /** Not built yet; tests show only that nothing is passed on silently. */
  readonly later?: true;
}

const RULES: readonly Rule[] = [
  { id: 'N1', level: 'M', text: 'first GRE word and protocol of the envelope' },
  { id: 'N2', level: 'M', text: 'key = VSID and FlowID; lookups never see the FlowID' },
  { id: 'N3', level: 'S', text: 'FlowID is a hash of the inner flow' },
  { id: 'N4', level: 'M', text: 'FlowID 0 where it is not generated' },
  { id: 'N5', level: 'M', text: 'reserved VSIDs' },
  { id: 'N6', level: 'M', text: 'no VLAN tag inside; VLANs on ports' },
  { id: 'N7', level: 'M', text: 'the envelope is never fragmented' },
  { id: 'N8', level: 'M', text: 'what a receiver checks' },
  { id: 'N9', level: 'M', text: 'outer and inner family are independent' },
  { id: 'N10', level: 'O', text: 'draft-00 key layout' },
  { id: 'N11', level: 'fact', text: '42 and 62 bytes of envelope' },
  { id: 'N12', level: 'S', text: 'IPv6 flow label' },
  { id: 'W1', level: 'M', text: 'a provider address for every customer address, else NVGRE' },
  { id: 'W2', level: 'M', text: 'only addresses and what depends on them change' },
  { id: 'W3', level: 'M', text: 'incremental checksums' },
  { id: 'W4', level: 'M', text: 'UDP checksum 0' },
  { id: 'W5', level: 'M', text: 'fragments and IPv6 extension headers' },
  { id: 'W6', level: 'M', text: 'quotes in ICMP errors' },
  { id: 'W7', level: 'M', text: 'partial checksums, super-segments' },
  { id: 'W8', level: 'M', text: 'what is not IP is not rewritten' },
  { id: 'W9', level: 'O', text: 'VM MACs on the wire' },
  { id: 'ECN', level: 'M', text: 'RFC 6040, RFC 9601' },
  { id: 'DSCP', level: 'O', text: 'RFC 2983: uniform and pipe' },
  { id: 'TTL', level: 'O', text: 'outer TTL' },
  { id: 'T1', level: 'M', text: 'packets over the MTU: told or cut into pieces' },
  { id: 'T2', level: 'M', text: 'ICMP errors to the VM' },
  { id: 'T3', level: 'O', text: 'TCP MSS clamp' },
  { id: 'T4', level: 'M', text: 'path MTU from the provider network' },
  { id: 'T5', level: 'M', text: 'next hops whose MAC is learnt' },
  { id: 'V1', level: 'M', text: 'routing domains never exchange a packet' },
  { id: 'V2', level: 'M', text: 'routing between subnets' },
  { id: 'V3', level: 'M', text: 'by address, else by MAC' },
  { id: 'V4', level: 'M', text: 'ARP and neighbour discovery answered locally' },
  { id: 'V5', level: 'M', text: 'flooding' },
  { id: 'V6', level: 'M', text: 'source guard' },
  { id: 'V7', level: 'M', text: 'tunnel guard' },
  { id: 'V8', level: 'M', text: 'local traffic stays local' },
  { id: 'V9', level: 'M', text: 'changes while running' },
  {
    id: 'V10',
    level: 'M',
    text: 'customers never see provider addresses, envelopes never carry customer addresses',
  },
];

interface Report {
  readonly testResults: readonly {
    readonly name: string;
    readonly assertionResults: readonly { readonly title: string; readonly status: string }[];
  }[];
}

interface RuleTest {
  readonly name: string;
  passed: boolean;
}

/** Where test titles begin with rules. */
const FOLDERS = ['test/conformance', 'test/changes'];

function runTests(): Report {
  const folder = mkdtempSync(join(tmpdir(), 'netvirt-conformance-'));
  const file = join(folder, 'report.json');
  try {
    execFileSync('npx', ['vitest', 'run', ...FOLDERS, '--reporter=json', `--outputFile=${file}`], {
      stdio: 'ignore',
    });
  } catch {
    // Failures are in the report.
  }
  const report = JSON.parse(readFileSync(file, 'utf8')) as Report;
  rmSync(folder, { recursive: true });
  return report;
}

/** Tests by rule; a test that runs on several builds is one, and passes when it passes on all. */
function testsByRule(report: Report): Map<string, Map<string, RuleTest>> {
  const byRule = new Map<string, Map<string, RuleTest>>(
    RULES.map(({ id }) => [id, new Map<string, RuleTest>()]),
  );
  // By name: vitest reports files in the order in which its workers took them.
  for (const file of report.testResults.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    if (!FOLDERS.some((folder) => file.name.includes(`/${folder}/`))) continue;
    for (const { title, status } of file.assertionResults) {
      const match = /^((?:[A-Z]+\d* ?)+): (.*)$/.exec(title);
      if (match === null) continue;
      for (const id of match[1]!.split(' ')) {
        const tests = byRule.get(id);
        if (tests === undefined) throw new Error(`"${title}": expected rules of docs/protocol.md, got ${id}`);
        const test = tests.get(match[2]!) ?? { name: match[2]!, passed: true };
        test.passed &&= status === 'passed';
        tests.set(test.name, test);
      }
    }
  }
  return byRule;
}

function stateOf({ later }: Rule, tests: readonly RuleTest[]): string {
  const failed = tests.filter(({ passed }) => !passed).length;
  if (failed > 0) return `**${failed} of ${tests.length} fail**`;
  if (later === true) return 'not built yet';
  return tests.length === 0 ? '**no test**' : 'shown';
}

function page(byRule: Map<string, Map<string, RuleTest>>): string {
  const testsOf = ({ id }: Rule) => [...byRule.get(id)!.values()];
  const rows = RULES.map((rule) => {
    const tests = testsOf(rule);
    return `| ${rule.id} | ${rule.level} | ${rule.text} | ${tests.length} | ${stateOf(rule, tests)} |`;
  });
  const details = RULES.filter((rule) => testsOf(rule).length > 0).flatMap((rule) => [
    '',
    `## ${rule.id}: ${rule.text}`,
    '',
    ...testsOf(rule).map(({ name, passed }) => `- ${passed ? '' : '**fails:** '}${name}`),
  ]);
  return [
    '# Conformance',
    '',
    'Which tests show which rule of [protocol.md](protocol.md). Written by `npm run conformance` from the results of the',
    'tests in `test/conformance`; each runs on `netvirt.wasm`, `netvirt.threads.wasm` and `netvirt.live.wasm`, those with offload',
    'headers (W7) on the last. Levels: M must, S should, O our own choice. Tests under a rule that is not built yet show what',
    'happens to such packets until then.',
    '',
    '| rule | level | what | tests | state |',
    '| --- | --- | --- | --- | --- |',
    ...rows,
    ...details,
    '',
  ].join('\n');
}

const { values } = parseArgs({ options: { check: { type: 'boolean' }, report: { type: 'string' } } });
const report =
  values.report === undefined ? runTests() : (JSON.parse(readFileSync(values.report, 'utf8')) as Report);
const text = page(testsByRule(report));
if (values.check !== true) {
  writeFileSync(PAGE, text);
} else if (readFileSync(PAGE, 'utf8') !== text) {
  console.error('docs/conformance.md is not what the tests say: run npm run conformance');
  process.exitCode = 1;
}
