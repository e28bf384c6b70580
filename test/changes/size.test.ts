/** A policy of 50,000 endpoints, from its text to packets: every one of them is found, and one mistake is too. */

import { beforeAll, describe, expect, it } from 'vitest';
import { FORWARD } from '../../src/abi/verdict.ts';
import { Dataplane, type Policy, PolicyError, parsePolicy } from '../../src/index.ts';
import { measure } from '../../src/policy/compile.ts';
import { ethernet, ipv4, pattern, udp } from '../packets/index.ts';

const HOSTS = 200;
/** Of two customers, each with the same addresses. */
const DOMAINS = 4;
const SUBNETS = 25;
const IN_SUBNET = 500;
const TOTAL = DOMAINS * SUBNETS * IN_SUBNET;

const hex = (value: number) => value.toString(16).padStart(2, '0');
const providerOf = (host: number) => [172, 16, host >> 7, 1 + (host & 127)];
const vsidOf = (domain: number, subnet: number) => 5000 + domain * SUBNETS + subnet;

interface Vm {
  readonly domain: number;
  readonly subnet: number;
  readonly name: string;
  readonly mac: string;
  readonly address: string;
  readonly host: number;
}

/** The first of every subnet is on the first host. */
function vmOf(domain: number, subnet: number, index: number): Vm {
  const number = subnet * IN_SUBNET + index;
  return {
    domain,
    subnet,
    name: `net${domain}-vm${number}`,
    mac: `02:15:5d:00:${hex(number >> 8)}:${hex(number & 255)}`,
    address: `10.${subnet}.${1 + (index >> 7)}.${1 + (index & 127)}`,
    host: index === 0 ? 0 : 1 + ((number * 7 + domain) % (HOSTS - 1)),
  };
}

function* vms(): Iterable<Vm> {
  for (let domain = 0; domain < DOMAINS; domain++)
    for (let subnet = 0; subnet < SUBNETS; subnet++)
      for (let index = 0; index < IN_SUBNET; index++) yield vmOf(domain, subnet, index);
}

/** A line for each endpoint: after those of the hosts and of the endpoint's domain. */
function textOf(lineOf: (vm: Vm) => string): string {
  const hosts = Array.from({ length: HOSTS }, (_, index) =>
    JSON.stringify({
      name: `h${index}`,
      addresses: [`${providerOf(index).join('.')}/16`],
      mac: `02:00:00:00:00:${hex(index)}`,
    }),
  );
  const all = [...vms()];
  const domainText = (domain: number) => {
    const subnets = Array.from({ length: SUBNETS }, (_, subnet) => ({
      vsid: vsidOf(domain, subnet),
      prefixes: [`10.${subnet}.0.0/16`],
      gateways: [`10.${subnet}.0.1`],
    }));
    const lines = all.filter((vm) => vm.domain === domain).map(lineOf);
    return `{"name":"net${domain}","subnets":${JSON.stringify(subnets)},"endpoints":[\n${lines.join(',\n')}\n]}`;
  };
  const customers = [0, 2].map(
    (first) => `{"name":"c${first}","routingDomains":[${domainText(first)},${domainText(first + 1)}]}`,
  );
  return `{"version":1,"hosts":[${hosts.join(',')}],"customers":[${customers.join(',')}]}`;
}

const lineOf = ({ name, domain, subnet, mac, address, host }: Vm) =>
  JSON.stringify({ name, vsid: vsidOf(domain, subnet), mac, addresses: [address], host: `h${host}` });

let policy: Policy;
let dataplane: Dataplane;
beforeAll(async () => {
  policy = parsePolicy(textOf(lineOf), { file: 'policy.json' });
  dataplane = await Dataplane.create({ policy, host: 'h0', seed: new Uint8Array(16).fill(7) });
});

const datagram = udp({ srcPort: 1, dstPort: 2 }, pattern(10));
const frameBetween = (from: Vm, to: Vm) =>
  ethernet({ src: from.mac, dst: to.mac }, ipv4({ src: from.address, dst: to.address }, datagram));

describe('a policy of 50,000 endpoints', () => {
  it('is in the tables whole', () => {
    const endpoints = policy.customers.flatMap(({ routingDomains }) =>
      routingDomains.flatMap((one) => one.endpoints),
    );
    expect(endpoints).toHaveLength(TOTAL);
    const { addresses4, macs, subnets, domains, ports } = measure(policy, dataplane.host);
    expect({ addresses4, macs, subnets, domains, ports }).toEqual({
      addresses4: TOTAL + DOMAINS * SUBNETS,
      macs: TOTAL,
      subnets: DOMAINS * SUBNETS,
      domains: DOMAINS,
      ports: DOMAINS * SUBNETS,
    });
    expect(dataplane.ports).toHaveLength(DOMAINS * SUBNETS);
  });

  it('a packet to each of them goes to its host, in its own subnet', () => {
    let sent: Vm[] = [];
    let found = 0;
    const flush = () => {
      dataplane.process(0);
      expect([...dataplane.batch.drops()]).toEqual([]);
      for (const { verdict, port, frame, input } of dataplane.batch.outputs()) {
        const to = sent[input]!;
        const wanted = [...providerOf(to.host), vsidOf(to.domain, to.subnet), to.mac].join(' ');
        const vsid = (frame[38]! << 16) | (frame[39]! << 8) | frame[40]!;
        const mac = Array.from(frame.subarray(42, 48), hex).join(':');
        if (verdict === FORWARD && port === 0 && [...frame.subarray(30, 34), vsid, mac].join(' ') === wanted)
          found++;
      }
      sent = [];
    };
    for (const to of vms()) {
      if (to.host === 0) continue;
      const from = vmOf(to.domain, to.subnet, 0);
      dataplane.batch.push(frameBetween(from, to), dataplane.port(from.name));
      if (sent.push(to) === 512) flush();
    }
    flush();
    expect(found).toBe(TOTAL - DOMAINS * SUBNETS);
  });

  it('explain says on which host one is', async () => {
    const from = vmOf(2, 24, 0);
    const to = vmOf(2, 24, 499);
    const { steps, verdict } = await dataplane.explain(dataplane.port(from.name), frameBetween(from, to));
    expect(verdict.name).toBe('FORWARD');
    expect(steps.map(({ text }) => text).join('\n')).toContain(
      `destination ${to.address}: an endpoint on h${to.host}`,
    );
  });

  it('tells the place of a single mistake, and of what it repeats', () => {
    const twin = vmOf(3, 7, 20);
    const text = textOf((vm) =>
      lineOf(
        vm.domain === 3 && vm.subnet === 7 && vm.name.endsWith('vm3777')
          ? { ...vm, address: twin.address }
          : vm,
      ),
    );
    const lines = text.split('\n');
    const line = 1 + lines.findIndex((one) => one.startsWith('{"name":"net3-vm3777"'));
    const first = 1 + lines.findIndex((one) => one.startsWith(`{"name":"${twin.name}"`));
    const column = lines[line - 1]!.indexOf(`"${twin.address}"`) + 1;
    const path = 'customers[1].routingDomains[1].endpoints';
    expect(() => parsePolicy(text, { file: 'policy.json' })).toThrow(
      new PolicyError([
        {
          file: 'policy.json',
          line,
          column,
          path: `${path}[3777].addresses[0]`,
          message: `expected it once, got address ${twin.address} again (first: ${path}[3520].addresses[0], line ${first})`,
        },
      ]),
    );
  });
});
