/** Document → Policy, with every problem at its path. */

import { formatIp, parseMac } from './addresses.ts';
import { Collector, type Found } from './collector.ts';
import { type Fabric, readCustomers } from './domains.ts';
import { PolicyError } from './errors.ts';
import { FirstLook, ProblemFound } from './first-look.ts';
import { type ClaimProvider, readHosts } from './hosts.ts';
import type { Policy, Provider } from './model.ts';
import { toProblems } from './problems.ts';
import type { Readable } from './readable.ts';
import { type ProviderDocument, policySchema, providerSchema } from './schema.ts';
import { checkUnderlay } from './underlay.ts';
import { markValid } from './valid.ts';

/**
 * Validates a document that was built in memory: what `parsePolicy` would find in its file.
 * @throws PolicyError with all problems, without lines and columns.
 */
export function validatePolicy(document: unknown, options: { name?: string } = {}): Policy {
  const { policy, found } = lookAt(document, false);
  if (found.length > 0) throw new PolicyError(toProblems(found, options.name ?? 'policy', undefined));
  return markValid(policy);
}

/** Twice where there are problems: the same rules, the second time with an eye on what stands where. */
export function lookAt(document: unknown, isLearnable: boolean): { policy: Policy; found: readonly Found[] } {
  try {
    const first = new FirstLook();
    const policy = readPolicy(first, document, isLearnable);
    first.finish();
    return { policy, found: [] };
  } catch (error) {
    if (!(error instanceof ProblemFound)) throw error;
  }
  const collector = new Collector();
  return { policy: readPolicy(collector, document, isLearnable), found: collector.found };
}

/** Reads as much as can be read, so that every problem is found; the result counts only if there was none. */
function readPolicy(collector: Collector, document: unknown, isLearnable: boolean): Policy {
  const root =
    typeof document === 'object' && document !== null && !Array.isArray(document)
      ? (document as Record<string, unknown>)
      : {};
  checkRoot(collector, document, root);
  const provider = collector.read(providerSchema, root.provider ?? {}, ['provider']);
  const providers = collector.unique<number | bigint>();
  const claimProvider: ClaimProvider = (address, path) =>
    providers.claim(address.value, path, () => `provider address ${formatIp(address)}`);
  const hosts = readHosts(collector, listOf(root.hosts), ['hosts'], claimProvider, isLearnable);
  const fabric: Fabric = {
    collector,
    hosts,
    claimProvider,
    routerMac: provider.routerMac === undefined ? undefined : parseMac(provider.routerMac),
    vsids: collector.unique(),
    domainIds: collector.unique(),
    endpointNames: collector.unique(),
  };
  const customers = readCustomers(fabric, listOf(root.customers), ['customers']);
  const policy: Policy = { version: 1, provider: buildProvider(provider), hosts: hosts.hosts, customers };
  checkUnderlay(collector, policy, hosts.unsound, isLearnable);
  return policy;
}

/** The document's own fields; `provider` and the elements of the lists are read on their own. */
function checkRoot(collector: Collector, document: unknown, root: Record<string, unknown>): void {
  if (root !== document) {
    collector.read(policySchema, document, []);
    return;
  }
  const stripped = { ...root };
  if ('provider' in stripped) stripped.provider = {};
  if (Array.isArray(stripped.hosts) && stripped.hosts.length > 0) stripped.hosts = [ANY_HOST];
  if (Array.isArray(stripped.customers)) stripped.customers = [];
  collector.read(policySchema, stripped, []);
}

const ANY_HOST = { name: 'any', addresses: ['192.0.2.1/24'], mac: '02:00:00:00:00:01' };

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function buildProvider(fields: Readable<ProviderDocument>): Provider {
  const known = Object.entries(fields).filter(([, value]) => value !== undefined);
  const { routerMac, ...rest } = { ...DEFAULTS, ...(Object.fromEntries(known) as Partial<ProviderDocument>) };
  return { ...rest, routerMac: parseMac(routerMac)! };
}

const DEFAULTS = providerSchema.parse({});
