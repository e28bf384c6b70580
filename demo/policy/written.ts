/** What was changed by hand in the fabric, written into the text of its policy: as little of it as possible is touched. */

import { type Endpoint, type Policy, formatIp, parsePolicy } from 'netvirt';
import { type Document, type Node, type YAMLMap, isMap, isSeq, parseDocument } from 'yaml';
import { type Change, type Fields, spliced, unsaid } from './splice.ts';

/** What of an endpoint the fabric view changes, as a document says it; undefined: left out. */
function fieldsOf(endpoint: Endpoint, policy: Policy): Fields {
  const { host, method, addresses, useVmMac } = endpoint;
  const isRewritten = method === 'rewrite';
  const provider = addresses.flatMap((address) =>
    address.provider === undefined ? [] : [formatIp(address.provider)],
  );
  return {
    host: policy.hosts[host]!.name,
    method: isRewritten ? 'rewrite' : undefined,
    providerAddresses: isRewritten ? provider : undefined,
    useVmMac: useVmMac ? true : undefined,
  };
}

/**
 * @param policy that is in force.
 * @returns the text with the endpoint as it is in the policy.
 * @throws Error where the text cannot say that.
 */
export function writeEndpoint(text: string, name: string, policy: Policy): string {
  const wanted = allFields(policy).get(name);
  if (wanted === undefined) throw new Error(`the policy has no endpoint ${name}`);
  const document = parseDocument(text, { keepSourceTokens: false });
  const node = nodeOf(document, name);
  if (node === undefined) throw new Error(`the document has no endpoint ${name} of its own`);
  const change = { document, map: node, wanted };
  // Of the other endpoints it says what it did before, which need not be what they are by now.
  const expected = allFields(parsePolicy(text)).set(name, wanted);
  // A splice leaves all else as it was written; where it does not lead there, the library writes the document anew.
  for (const write of [() => spliced(text, change), () => rewritten(change)]) {
    const result = write();
    if (result !== undefined && says(result, expected)) return result;
  }
  throw new Error(`the document cannot say what was changed of ${name}`);
}

/** By name of the endpoint. */
function allFields(policy: Policy): Map<string, Fields> {
  const endpoints = policy.customers.flatMap(({ routingDomains }) =>
    routingDomains.flatMap((domain) => domain.endpoints),
  );
  return new Map(endpoints.map((endpoint) => [endpoint.name, fieldsOf(endpoint, policy)]));
}

function nodeOf(document: Document, name: string): YAMLMap<Node, Node> | undefined {
  const items = (node: unknown, key: string): unknown[] => {
    const list = isMap(node) ? node.get(key, true) : undefined;
    return isSeq(list) ? list.items : [];
  };
  return items(document.contents, 'customers')
    .flatMap((customer) => items(customer, 'routingDomains'))
    .flatMap((domain) => items(domain, 'endpoints'))
    .find((node): node is YAMLMap<Node, Node> => isMap(node) && node.get('name') === name);
}

/** @returns undefined where another place refers to what would be gone. */
function rewritten(change: Change): string | undefined {
  const { document } = change;
  const map = change.map as YAMLMap;
  for (const { key, value } of unsaid(change)) {
    if (value === undefined) map.delete(key);
    else map.set(key, document.createNode(value, { flow: true }));
  }
  try {
    return document.toString({ lineWidth: 0 });
  } catch {
    return undefined;
  }
}

/** The text is a policy, and its endpoints have these fields. */
function says(text: string, expected: ReadonlyMap<string, Fields>): boolean {
  try {
    return JSON.stringify([...allFields(parsePolicy(text))]) === JSON.stringify([...expected]);
  } catch {
    return false;
  }
}
