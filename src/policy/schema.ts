/**
 * The policy document, element by element: what each field may hold, in words that end up in error messages and in the
 * published JSON Schema (docs/policy.schema.json).
 */

import * as z from 'zod/mini';
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

// Zod would compile validators at run time, which pages with a strict Content Security Policy forbid; what a policy has by
// the million is read by `plain-endpoint` anyway.
z.config({ jitless: true });

/** The `error` of every schema here is what was expected; who reports it adds what came. */
function text(expected: string, isRight: (value: string) => boolean) {
  return z.string({ error: expected }).check(z.refine(isRight, { error: expected }));
}

function integer(min: number, max: number, what = 'an integer') {
  const error = `${what} from ${min} to ${max}`;
  return z.int({ error }).check(z.minimum(min, { error }), z.maximum(max, { error }));
}

function oneOf<const Values extends readonly [string, ...string[]]>(...values: Values) {
  return z.enum(values, { error: values.map((value) => `"${value}"`).join(' or ') });
}

function list<Item extends z.ZodMiniType>(item: Item, what: string, min = 0) {
  return z.array(item, { error: what }).check(z.minLength(min, { error: what }));
}

function object<Shape extends z.core.$ZodShape>(shape: Shape) {
  return z.strictObject(shape, {
    error: (issue) => (issue.code === 'unrecognized_keys' ? undefined : 'an object'),
  });
}

const boolean = () => z.boolean({ error: 'true or false' });

/** What the published JSON Schema says of a field. */
function field<Schema extends z.ZodMiniType>(schema: Schema, description: string, limits?: object): Schema {
  const known = z.globalRegistry.get(schema);
  z.globalRegistry.add(schema, { ...known, description, ...limits });
  return schema;
}

const withDefault = z._default;

/** A control character in a name would break one-line errors. */
export const isName = (value: string) =>
  value.trim() === value && value.length >= 1 && value.length <= 63 && !/\p{C}/u.test(value);

export function isUnicastMac(value: string): boolean {
  const parsed = parseMac(value);
  return parsed !== undefined && parsed !== 0 && !isGroupMac(parsed);
}

export const isAddress = (value: string) => parseIp(value) !== undefined;

const name = () =>
  text('a name of 1 to 63 characters without spaces around it', isName).register(z.globalRegistry, {
    minLength: 1,
    maxLength: 63,
  });
export const UNICAST_MAC = 'a unicast MAC like 02:00:00:00:00:01';
const mac = () => text(UNICAST_MAC, isUnicastMac);
const address = () => text('an IPv4 or IPv6 address', isAddress);
const NETWORK = 'a network like 10.1.1.0/24, host bits zero';
const prefix = () =>
  z
    .string({ error: NETWORK })
    .check(
      z.refine((value) => parsePrefix(value) !== undefined, { error: ({ input }) => networkMeant(input) }),
    );

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
  mtu: field(withDefault(integer(576, 65535), 1500), 'IP MTU of the physical network, bytes'),
  ttl: field(withDefault(integer(1, 255), 64), 'TTL or hop limit of envelopes'),
  dscp: field(
    withDefault(
      z.union([z.literal('uniform'), integer(0, 63, DSCP)], { error: `${DSCP} from 0 to 63` }),
      'uniform',
    ),
    'DSCP of envelopes: the customer’s, or always this value (RFC 2983)',
  ),
  ecn: field(
    withDefault(oneOf('normal', 'compatibility'), 'normal'),
    'ECN of envelopes: the customer’s, or Not-ECT (RFC 6040)',
  ),
  flowId: field(
    withDefault(oneOf('hash', 'zero'), 'hash'),
    'zero for peers that compare all 32 bits of the GRE key',
  ),
  prefer: field(withDefault(oneOf('ipv4', 'ipv6'), 'ipv4'), 'outer family where two hosts have both'),
  clampMss: field(withDefault(boolean(), true), 'lower the TCP MSS to what fits an envelope'),
  routerMac: field(withDefault(mac(), '02:00:5e:00:00:01'), 'MAC of every virtual subnet’s gateway'),
  floodLimit: field(
    withDefault(integer(0, 1_000_000), 1000),
    'broadcast and multicast frames that a port may flood per second; 0: none',
  ),
  icmpLimit: field(
    withDefault(integer(0, 1_000_000), 100),
    'ICMP errors that a port may get per second; 0: none',
  ),
});

export const hostSchema = object({
  name: field(name(), 'name of the host, unique in the fabric'),
  addresses: field(
    list(interfaceAddress(), 'one or two addresses, one of a family', 1).check(
      z.maxLength(2, { error: 'one or two addresses, one of a family' }),
    ),
    'provider addresses, at most one of a family, with the length of their prefix',
  ),
  mac: field(
    z.optional(mac()),
    'MAC of its interface on the physical network, unique; only `netvirt run` can do without it: it learns it',
  ),
  gateway: field(
    z.optional(
      object({
        address: field(address(), 'its address on the physical network'),
        mac: field(
          z.optional(mac()),
          'its MAC: the outer destination beyond the provider prefix; only `netvirt run` can do without it: it learns it',
        ),
      }),
    ),
    'next hop towards other provider prefixes',
  ),
  nvgreKey: field(
    withDefault(oneOf('rfc7637', 'draft00'), 'rfc7637'),
    'layout of the GRE key that it sends and expects; draft00: VSID in the lower 24 bits',
  ),
});

export const subnetSchema = object({
  vsid: field(vsid(), '24 bits; 0–4095 and 16777215 are reserved (RFC 7637)'),
  prefixes: field(
    list(prefix(), 'a list of at least one network', 1),
    'networks of the customer; no two of a routing domain overlap',
  ),
  gateways: field(
    withDefault(list(address(), 'a list of addresses'), []),
    'addresses of the virtual router in this subnet',
  ),
  flood: field(
    withDefault(oneOf('replicate', 'drop'), 'replicate'),
    'broadcast and multicast: copied to everybody in the subnet, or dropped',
  ),
});

export const routeSchema = object({
  to: field(prefix(), 'destination network'),
  via: field(address(), 'an address of an endpoint in the routing domain, not link-local'),
  metric: field(withDefault(integer(0, 65535), 0), 'the lower one of two routes to a network wins'),
});

export const endpointSchema = object({
  name: field(name(), 'name of the vNIC, unique in the fabric'),
  vsid: field(vsid(), 'its virtual subnet'),
  mac: field(mac(), 'MAC of the vNIC, unique in its subnet and in those of its vlans'),
  addresses: field(
    withDefault(list(address(), 'a list of addresses'), []),
    'customer addresses in its subnet or those of its vlans, unique in the routing domain; may be empty for a forwarding endpoint',
  ),
  host: field(name(), 'name of the host that it runs on'),
  method: field(
    withDefault(oneOf('nvgre', 'rewrite'), 'nvgre'),
    'how its packets cross the physical network',
  ),
  providerAddresses: field(
    withDefault(list(address(), 'a list of addresses'), []),
    'IP Rewrite: one for every address that is not link-local, of the same family, in the same order',
  ),
  forwarding: field(withDefault(boolean(), false), 'a gateway VM: it may send packets of others'),
  useVmMac: field(withDefault(boolean(), false), 'IP Rewrite: keep the VM’s MAC on the physical network'),
  vlans: field(
    withDefault(z.record(z.string(), vsid(), { error: 'an object of VLAN ids and virtual subnet ids' }), {}),
    'VLAN id on the port → virtual subnet id',
    { maxProperties: MAX_VLANS },
  ),
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
  name: field(name(), 'name of the routing domain, unique in its customer'),
  id: field(
    z.optional(text('a UUID', (value) => parseRoutingDomainId(value) !== undefined)),
    'RDID, a UUID; without it, one that follows from the names of the customer and the routing domain',
  ),
  subnets: field(list(subnetSchema, 'a list of at least one subnet', 1), 'its virtual subnets', {
    maxItems: MAX_SUBNETS,
  }),
  routes: field(withDefault(list(routeSchema, 'a list of routes'), []), 'routes beyond its subnets'),
  endpoints: field(withDefault(list(endpointSchema, 'a list of endpoints'), []), 'vNICs in its subnets'),
});

export const customerSchema = object({
  name: field(name(), 'name of the customer, unique'),
  routingDomains: field(
    list(domainSchema, 'a list of at least one routing domain', 1),
    'virtual networks that never exchange a packet',
  ),
});

export const policySchema = object({
  version: field(z.literal(1, { error: 'the number 1' }), 'version of this format'),
  provider: field(z.prefault(providerSchema, {}), 'the physical network'),
  hosts: field(list(hostSchema, 'a list of at least one host', 1), 'hosts of the fabric'),
  customers: field(list(customerSchema, 'a list of customers'), 'customers of the fabric'),
}).register(z.globalRegistry, {
  title: 'netvirt policy',
  description: 'One document describes the whole fabric.',
});

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
