/** The parts of a policy document that simulations change. Typed loosely: validation has seen it before, or will. */

import { parseDocument } from 'yaml';

export interface HostDocument {
  name: string;
  addresses: string[];
  mac: string;
  gateway?: { address: string; mac: string };
}

export interface EndpointDocument {
  name: string;
  vsid: number;
  mac: string;
  addresses?: string[];
  host: string;
  method?: 'nvgre' | 'rewrite';
  providerAddresses?: string[];
}

export interface DomainDocument {
  name: string;
  id: string;
  subnets: unknown[];
  endpoints?: EndpointDocument[];
}

export interface PolicyDocument {
  version: 1;
  provider?: Record<string, unknown>;
  hosts: HostDocument[];
  customers: { name: string; routingDomains: DomainDocument[] }[];
}

/** @param text of a policy that `parsePolicy` has accepted. JSON is YAML, but faster to read as what it is. */
export function readDocument(text: string): PolicyDocument {
  const source = text.replace(/^\ufeff/, '');
  try {
    return JSON.parse(source) as PolicyDocument;
  } catch {
    return parseDocument(source).toJS({ maxAliasCount: 100 }) as PolicyDocument;
  }
}

/** A copy with other endpoints; everything else is shared. */
export function withEndpoints(
  document: PolicyDocument,
  change: (endpoint: EndpointDocument) => EndpointDocument,
): PolicyDocument {
  const customers = document.customers.map((customer) => ({
    ...customer,
    routingDomains: customer.routingDomains.map((domain) => ({
      ...domain,
      endpoints: (domain.endpoints ?? []).map(change),
    })),
  }));
  return { ...document, customers };
}
