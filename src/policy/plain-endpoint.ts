/**
 * The endpoints that large policies consist of, read at a tenth of the schema's price. Only what is right and ordinary: all else
 * is left to the schema, which has the last word and the words for it. That both agree is a property under test.
 */

import { type EndpointDocument, MAX_VSID, isAddress, isName, isUnicastMac } from './schema.ts';

const NONE: string[] = [];
const NO_VLANS: Record<string, number> = {};

/** What `endpointSchema` makes of the document; undefined: ask it. */
export function plainEndpoint(document: unknown): EndpointDocument | undefined {
  if (typeof document !== 'object' || document === null) return undefined;
  const prototype: unknown = Object.getPrototypeOf(document);
  if (prototype !== Object.prototype && prototype !== null) return undefined;
  for (const key in document) if (!isKnown(key)) return undefined;
  const {
    name,
    vsid,
    mac,
    addresses = NONE,
    host,
    method = 'nvgre',
    providerAddresses = NONE,
    forwarding = false,
    useVmMac = false,
  } = document as Partial<Record<keyof EndpointDocument, unknown>>;
  if (typeof name !== 'string' || !isName(name)) return undefined;
  if (!Number.isInteger(vsid) || (vsid as number) < 0 || (vsid as number) > MAX_VSID) return undefined;
  if (typeof mac !== 'string' || !isUnicastMac(mac)) return undefined;
  if (!areAddresses(addresses) || !areAddresses(providerAddresses)) return undefined;
  if (typeof host !== 'string' || !isName(host)) return undefined;
  if (method !== 'nvgre' && method !== 'rewrite') return undefined;
  if (typeof forwarding !== 'boolean' || typeof useVmMac !== 'boolean') return undefined;
  return {
    name,
    vsid: vsid as number,
    mac,
    addresses,
    host,
    method,
    providerAddresses,
    forwarding,
    useVmMac,
    vlans: NO_VLANS,
  };
}

/** All fields but `vlans`. */
function isKnown(key: string): boolean {
  switch (key) {
    case 'name':
    case 'vsid':
    case 'mac':
    case 'addresses':
    case 'host':
    case 'method':
    case 'providerAddresses':
    case 'forwarding':
    case 'useVmMac':
      return true;
    default:
      return false;
  }
}

function areAddresses(value: unknown): value is string[] {
  if (!Array.isArray(value)) return false;
  for (const one of value) if (typeof one !== 'string' || !isAddress(one)) return false;
  return true;
}
