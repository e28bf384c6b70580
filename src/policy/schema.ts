/**
 * The policy document, element by element: what each field may hold, in words that end up in error messages and in the
 * published JSON Schema (docs/policy.schema.json).
 */

import * as z from 'zod';
import {
  formatPrefix,
  isGroupMac,
  networkOf,
  parseInterface,
  parseIp,
  parseMac,
  parsePrefix,
  parseRoutingDomainId,
} from './addresses.ts';

/** The `error` of every schema here is what was expected; who reports it adds what came. */
function text(expected: string, isRight: (value: string) => boolean) {
  return z.string({ error: expected }).refine(isRight, { error: expected });
}

function integer(min: number, max: number, what = 'an integer') {
  const error = `${what} from ${min} to ${max}`;
  return z.int({ error }).min(min, { error }).max(max, { error });
}

function oneOf<const Values extends readonly [string, ...string[]]>(...values: Values) {
  return z.enum(values, { error: values.map((value) => `"${value}"`).join(' or ') });
}

function list<Item extends z.ZodType>(item: Item, what: string, min = 0) {
  return z.array(item, { error: what }).min(min, { error: what });
}

function object<Shape extends z.core.$ZodShape>(shape: Shape) {
  return z.strictObject(shape, {
    error: (issue) => (issue.code === 'unrecognized_keys' ? undefined : 'an object'),
  });
}

const boolean = () => z.boolean({ error: 'true or false' });

/** A control character in a name would break one-line errors. */
export const isName = (value: string) =>
  value.trim() === value && value.length >= 1 && value.length <= 63 && !/\p{C}/u.test(value);

export function isUnicastMac(value: string): boolean {
  const parsed = parseMac(value);
  return parsed !== undefined && parsed !== 0 && !isGroupMac(parsed);
}

export const isAddress = (value: string) => parseIp(value) !== undefined;

const name = () =>
  text('a name of 1 to 63 characters without spaces around it', isName).meta({ minLength: 1, maxLength: 63 });
export const UNICAST_MAC = 'a unicast MAC like 02:00:00:00:00:01';
const mac = () => text(UNICAST_MAC, isUnicastMac);
const address = () => text('an IPv4 or IPv6 address', isAddress);
const NETWORK = 'a network like 10.1.1.0/24, host bits zero';
const prefix = () =>
  z
    .string({ error: NETWORK })
    .refine((value) => parsePrefix(value) !== undefined, { error: ({ input }) => networkMeant(input) });

/** The right network, where only host bits are wrong. */
function networkMeant(input: unknown): string {
  const parsed = typeof input === 'string' ? parseInterface(input) : undefined;
  if (parsed === undefined) return NETWORK;
  return `the network ${formatPrefix(networkOf(parsed.address, parsed.length))}, host bits zero`;
}

const interfaceAddress = () =>
  text(
    'an address with its prefix length, like 192.168.1.10/24',
    (value) => parseInterface(value) !== undefined,
  );
export const MAX_VSID = 0xff_ffff;
const vsid = () => integer(0, MAX_VSID, 'a virtual subnet id');

/** VLAN ids of one endpoint. */
export const MAX_VLANS = 64;
/** Of one routing domain. */
export const MAX_SUBNETS = 65_535;

/** Zod reports the branch that came nearest, so both must say the same. */
const DSCP = '"uniform" or an integer';

export const providerSchema = object({
  mtu: integer(576, 65535).default(1500).describe('IP MTU of the physical network, bytes'),
  ttl: integer(1, 255).default(64).describe('TTL or hop limit of envelopes'),
  dscp: z
    .union([z.literal('uniform'), integer(0, 63, DSCP)], { error: `${DSCP} from 0 to 63` })
    .default('uniform')
    .describe('DSCP of envelopes: the customer’s, or always this value (RFC 2983)'),
  ecn: oneOf('normal', 'compatibility')
    .default('normal')
    .describe('ECN of envelopes: the customer’s, or Not-ECT (RFC 6040)'),
  flowId: oneOf('hash', 'zero')
    .default('hash')
    .describe('zero for peers that compare all 32 bits of the GRE key'),
  prefer: oneOf('ipv4', 'ipv6').default('ipv4').describe('outer family where two hosts have both'),
  clampMss: boolean().default(true).describe('lower the TCP MSS to what fits an envelope'),
  routerMac: mac().default('02:00:5e:00:00:01').describe('MAC of every virtual subnet’s gateway'),
  floodLimit: integer(0, 1_000_000)
    .default(1000)
    .describe('broadcast and multicast frames that a port may flood per second; 0: none'),
  icmpLimit: integer(0, 1_000_000)
    .default(100)
    .describe('ICMP errors that a port may get per second; 0: none'),
});

export const hostSchema = object({
  name: name().describe('name of the host, unique in the fabric'),
  addresses: list(interfaceAddress(), 'one or two addresses, one of a family', 1)
    .max(2, { error: 'one or two addresses, one of a family' })
    .describe('provider addresses, at most one of a family, with the length of their prefix'),
  mac: mac()
    .optional()
    .describe(
      'MAC of its interface on the physical network, unique; only `netvirt run` can do without it: it learns it',
    ),
  gateway: object({
    address: address().describe('its address on the physical network'),
    mac: mac()
      .optional()
      .describe(
        'its MAC: the outer destination beyond the provider prefix; only `netvirt run` can do without it: it learns it',
      ),
  })
    .optional()
    .describe('next hop towards other provider prefixes'),
  nvgreKey: oneOf('rfc7637', 'draft00')
    .default('rfc7637')
    .describe('layout of the GRE key that it sends and expects; draft00: VSID in the lower 24 bits'),
});

export const subnetSchema = object({
  vsid: vsid().describe('24 bits; 0–4095 and 16777215 are reserved (RFC 7637)'),
  prefixes: list(prefix(), 'a list of at least one network', 1).describe(
    'networks of the customer; no two of a routing domain overlap',
  ),
  gateways: list(address(), 'a list of addresses')
    .default([])
    .describe('addresses of the virtual router in this subnet'),
  flood: oneOf('replicate', 'drop')
    .default('replicate')
    .describe('broadcast and multicast: copied to everybody in the subnet, or dropped'),
});

export const routeSchema = object({
  to: prefix().describe('destination network'),
  via: address().describe('an address of an endpoint in the routing domain, not link-local'),
  metric: integer(0, 65535).default(0).describe('the lower one of two routes to a network wins'),
});

export const endpointSchema = object({
  name: name().describe('name of the vNIC, unique in the fabric'),
  vsid: vsid().describe('its virtual subnet'),
  mac: mac().describe('MAC of the vNIC, unique in its subnet and in those of its vlans'),
  addresses: list(address(), 'a list of addresses')
    .default([])
    .describe(
      'customer addresses in its subnet or those of its vlans, unique in the routing domain; may be empty for a forwarding endpoint',
    ),
  host: name().describe('name of the host that it runs on'),
  method: oneOf('nvgre', 'rewrite').default('nvgre').describe('how its packets cross the physical network'),
  providerAddresses: list(address(), 'a list of addresses')
    .default([])
    .describe(
      'IP Rewrite: one for every address that is not link-local, of the same family, in the same order',
    ),
  forwarding: boolean().default(false).describe('a gateway VM: it may send packets of others'),
  useVmMac: boolean().default(false).describe('IP Rewrite: keep the VM’s MAC on the physical network'),
  vlans: z
    .record(z.string(), vsid(), { error: 'an object of VLAN ids and virtual subnet ids' })
    .default({})
    .describe('VLAN id on the port → virtual subnet id')
    .meta({ maxProperties: MAX_VLANS }),
});

/** Changes with fields of their own; the others are an element, or names that are looked up. */
export const setMethodSchema = object({
  op: z.literal('set-method'),
  name: name(),
  method: oneOf('nvgre', 'rewrite'),
  providerAddresses: endpointSchema.shape.providerAddresses,
  useVmMac: endpointSchema.shape.useVmMac,
});
export const removeRouteSchema = object({
  op: z.literal('remove-route'),
  domain: z.string({ error: 'the id of a routing domain' }),
  to: routeSchema.shape.to,
  metric: routeSchema.shape.metric,
});

export const domainSchema = object({
  name: name().describe('name of the routing domain, unique in its customer'),
  id: text('a UUID', (value) => parseRoutingDomainId(value) !== undefined)
    .optional()
    .describe(
      'RDID, a UUID; without it, one that follows from the names of the customer and the routing domain',
    ),
  subnets: list(subnetSchema, 'a list of at least one subnet', 1)
    .describe('its virtual subnets')
    .meta({ maxItems: MAX_SUBNETS }),
  routes: list(routeSchema, 'a list of routes').default([]).describe('routes beyond its subnets'),
  endpoints: list(endpointSchema, 'a list of endpoints').default([]).describe('vNICs in its subnets'),
});

export const customerSchema = object({
  name: name().describe('name of the customer, unique'),
  routingDomains: list(domainSchema, 'a list of at least one routing domain', 1).describe(
    'virtual networks that never exchange a packet',
  ),
});

export const policySchema = object({
  version: z.literal(1, { error: 'the number 1' }).describe('version of this format'),
  provider: providerSchema.prefault({}).describe('the physical network'),
  hosts: list(hostSchema, 'a list of at least one host', 1).describe('hosts of the fabric'),
  customers: list(customerSchema, 'a list of customers').describe('customers of the fabric'),
}).meta({ title: 'netvirt policy', description: 'One document describes the whole fabric.' });

export type ProviderDocument = z.output<typeof providerSchema>;
export type HostDocument = z.output<typeof hostSchema>;
export type SubnetDocument = z.output<typeof subnetSchema>;
export type RouteDocument = z.output<typeof routeSchema>;
export type EndpointDocument = z.output<typeof endpointSchema>;
export type DomainDocument = z.output<typeof domainSchema>;
export type CustomerDocument = z.output<typeof customerSchema>;

/** JSON Schema (2020-12) of the document, for editors and other tools. Cross-references are checked by `parsePolicy` only. */
export function policyJsonSchema(): object {
  return z.toJSONSchema(policySchema, { io: 'input', unrepresentable: 'any' });
}
