/**
 * Policies of any size as text: 1,000 hosts, customers with two routing domains each, all with the same customer addresses,
 * their endpoints spread over all hosts. The first host has one of every routing domain, so it knows all endpoints.
 */

import { closeSync, openSync, writeSync } from 'node:fs';
import { formatIpv4, formatMac } from '../src/policy/addresses.ts';

export type Format = 'json' | 'yaml';

const HOSTS = 1000;
const SUBNET_ENDPOINTS = 1000;
const MOST_IN_DOMAIN = 25_000;
const LEAST_DOMAINS = 4;
const CHUNK = 1 << 20;

/** @param count of endpoints, a multiple of 4. */
export function writePolicy(file: string, format: Format, count: number): void {
  const descriptor = openSync(file, 'w');
  let text = '';
  const lines = format === 'json' ? jsonLines(count) : yamlLines(count);
  for (const line of lines) {
    text += `${line}\n`;
    if (text.length < CHUNK) continue;
    writeSync(descriptor, text);
    text = '';
  }
  writeSync(descriptor, text);
  closeSync(descriptor);
}

interface Domain {
  readonly number: number;
  readonly endpoints: number;
}

/** Two and two are of one customer. */
function domainsOf(count: number): Domain[] {
  const domains = Math.max(LEAST_DOMAINS, Math.ceil(count / MOST_IN_DOMAIN));
  const share = (number: number) => Math.floor((number * count) / domains);
  return Array.from({ length: domains }, (_, number) => ({
    number,
    endpoints: share(number + 1) - share(number),
  }));
}

const names = ({ number }: Domain) => ({ customer: `customer${number >> 1}`, domain: `net${number & 1}` });

function hostOf(index: number) {
  return {
    name: `host${index}`,
    addresses: [`${formatIpv4(0xac10_0000 + 1 + index)}/16`],
    mac: formatMac(0x02_00_00_00_00_00 + index),
  };
}

const VSIDS = 64;

function subnetOf({ number }: Domain, subnet: number) {
  return {
    vsid: 5000 + number * VSIDS + subnet,
    prefixes: [`10.${subnet}.0.0/16`],
    gateways: [`10.${subnet}.0.1`],
  };
}

const subnetsOf = (domain: Domain) =>
  Array.from({ length: Math.ceil(domain.endpoints / SUBNET_ENDPOINTS) }, (_, subnet) =>
    subnetOf(domain, subnet),
  );

function endpointOf(domain: Domain, index: number) {
  const { customer, domain: net } = names(domain);
  const subnet = Math.floor(index / SUBNET_ENDPOINTS);
  const scattered = (Math.imul(index, 0x9e37_79b1) >>> 8) % HOSTS;
  return {
    name: `${customer}-${net}-vm${index}`,
    vsid: 5000 + domain.number * VSIDS + subnet,
    mac: formatMac(0x02_15_5d_00_00_00 + index),
    addresses: [formatIpv4(0x0a00_0000 + (subnet << 16) + 2 + (index % SUBNET_ENDPOINTS))],
    host: `host${index === 0 ? 0 : scattered}`,
  };
}

function* indexes(count: number): Iterable<number> {
  for (let index = 0; index < count; index++) yield index;
}

function* jsonLines(count: number): Iterable<string> {
  const hosts = Array.from({ length: HOSTS }, (_, index) => JSON.stringify(hostOf(index)));
  yield `{"version":1,"hosts":[${hosts.join(',\n')}],"customers":[`;
  for (const domain of domainsOf(count)) {
    const { customer, domain: name } = names(domain);
    const isFirst = (domain.number & 1) === 0;
    if (isFirst) yield `${domain.number > 0 ? ',' : ''}{"name":"${customer}","routingDomains":[`;
    else yield ',';
    yield `{"name":"${name}","subnets":${JSON.stringify(subnetsOf(domain))},"endpoints":[`;
    for (const index of indexes(domain.endpoints))
      yield `${index > 0 ? ',' : ''}${JSON.stringify(endpointOf(domain, index))}`;
    yield isFirst ? ']}' : ']}]}';
  }
  yield ']}';
}

/** As docs/policy.md writes them. */
function flow(value: object): string {
  const fields = Object.entries(value).map(
    ([key, one]) => `${key}: ${Array.isArray(one) ? `[${one.join(', ')}]` : one}`,
  );
  return `{ ${fields.join(', ')} }`;
}

function* yamlLines(count: number): Iterable<string> {
  yield 'version: 1\nhosts:';
  for (const index of indexes(HOSTS)) yield `  - ${flow(hostOf(index))}`;
  yield 'customers:';
  for (const domain of domainsOf(count)) {
    const { customer, domain: name } = names(domain);
    if ((domain.number & 1) === 0) yield `  - name: ${customer}\n    routingDomains:`;
    yield `      - name: ${name}\n        subnets:`;
    for (const subnet of subnetsOf(domain)) yield `          - ${flow(subnet)}`;
    yield '        endpoints:';
    for (const index of indexes(domain.endpoints)) yield `          - ${flow(endpointOf(domain, index))}`;
  }
}
