/**
 * tsx bench/native/contract.ts FILE: the contract of the twin in C, as a header: made from the sources that asc compiles, so that no
 * size, offset, verdict or field stands anywhere twice. Part of `npm run build`: the package has the header, not those sources.
 */

import { readFileSync, writeFileSync } from 'node:fs';
import { NOT_BUILT } from './engine.ts';

const CONSTANTS = [
  'src/abi/layout.ts',
  'src/abi/verdict.ts',
  'assembly/memory.ts',
  'assembly/epoch.ts',
  'assembly/wire/ethernet.ts',
  'assembly/wire/gre.ts',
  'assembly/wire/ipv4.ts',
  'assembly/wire/ipv6.ts',
  'assembly/wire/icmp.ts',
  'assembly/wire/tcp.ts',
  'assembly/path/flow.ts',
  'assembly/path/guard.ts',
  'assembly/path/touch.ts',
  'assembly/tables/nexthops.ts',
  'assembly/tables/records.ts',
  'assembly/tables/addresses6.ts',
  'assembly/tables/macs.ts',
  'assembly/tables/routes.ts',
] as const;

const CLASSES: readonly (readonly [name: string, file: string])[] = [
  ['Port', 'assembly/tables/ports.ts'],
  ['NextHop', 'assembly/tables/nexthops.ts'],
  ['Subnet', 'assembly/tables/subnets.ts'],
  ['Route', 'assembly/tables/routes.ts'],
  ['Provider4', 'assembly/tables/providers4.ts'],
  ['Provider6', 'assembly/tables/providers6.ts'],
];

const C_TYPES: Readonly<Record<string, string>> = {
  u8: 'uint8_t',
  u16: 'uint16_t',
  u32: 'uint32_t',
  u64: 'uint64_t',
  f64: 'double',
};

const source = (file: string) => readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');

/** Names of C where the sources have camelCase. */
const snake = (name: string) =>
  name.replace(/(?<=.)[A-Z]/g, (letter) => `_${letter.toLowerCase()}`).toLowerCase();

/** Every constant of a file, its expression as it stands there. */
function constantsOf(file: string): string[] {
  const lines = source(file).matchAll(/^(?:export )?const ([A-Z][A-Z0-9_]*)(?:: (\w+))? = (.+?);/gm);
  return Array.from(lines, ([, name, type, expression]) => {
    const value = expression!.replace(/(?<=[0-9a-f])_(?=[0-9a-f])/gi, '').replace(/<\w+>|abi\./g, '');
    return `#define ${name!} (${type === 'u64' ? '(uint64_t)' : ''}${value})`;
  });
}

/** The fields of an unmanaged class: alignment and order are the same in both languages. */
function structOf(name: string, file: string): string[] {
  const [, body] = new RegExp(`^export class ${name} \\{\\n(.*?)^\\}`, 'ms').exec(source(file)) ?? [];
  if (body === undefined) throw new Error(`${file}: expected a class ${name}`);
  const fields = Array.from(
    body.matchAll(/^ {2}(?:private )?(\w+): (\w+);/gm),
    ([, field, type]) => `  ${C_TYPES[type!]!} ${snake(field!)};`,
  );
  return [`struct ${snake(name)} {`, ...fields, '};'];
}

function header(): string {
  const lines = [
    '// Written by bench/native/contract.ts.',
    '#pragma once',
    '#include <stdint.h>',
    `#define NOT_BUILT ${NOT_BUILT}`,
    ...CONSTANTS.flatMap(constantsOf),
    ...CLASSES.flatMap(([name, file]) => structOf(name, file)),
  ];
  return `${lines.join('\n')}\n`;
}

writeFileSync(process.argv[2]!, header());
