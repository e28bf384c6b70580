/** The parts of a policy document that simulations change. Typed loosely: validation has seen it before, or will. */

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
