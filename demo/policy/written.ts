/** What was changed by hand in the fabric, written into the text of its policy: as little of it as possible is touched. */

import { type Endpoint, type Policy, formatIp, parsePolicy } from 'netvirt';
import { type Document, type Node, type YAMLMap, isMap, isSeq, parseDocument } from 'yaml';
import { type Fields, spliced } from './splice.ts';

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
    useVmMac: isRewritten && useVmMac ? true : undefined,
  };
}

/**
 * @param policy that is in force.
 * @returns the text with the endpoint as it is in the policy.
 * @throws Error where the text cannot say that.
 */
export function writeEndpoint(text: string, name: string, policy: Policy): string {
  const wanted = fieldsOf(endpointOf(policy, name), policy);
  const document = parseDocument(text, { keepSourceTokens: false });
  const node = nodeOf(document, name);
  if (node === undefined) throw new Error(`the document has no endpoint ${name} of its own`);
  // A splice leaves all else as it was written; where it does not lead there, the library writes the document anew.
  for (const write of [() => spliced(text, node, wanted), () => rewritten(document, node, wanted)]) {
    const result = write();
    if (result !== undefined && says(result, name, wanted)) return result;
  }
  throw new Error(`the document cannot say what was changed of ${name}`);
}

function endpointOf({ customers }: Policy, name: string): Endpoint {
  const found = customers
    .flatMap(({ routingDomains }) => routingDomains.flatMap(({ endpoints }) => endpoints))
    .find((endpoint) => endpoint.name === name);
  if (found === undefined) throw new Error(`the policy has no endpoint ${name}`);
  return found;
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

function rewritten(document: Document, node: YAMLMap<Node, Node>, wanted: Fields): string {
  const map = node as YAMLMap;
  for (const [key, value] of Object.entries(wanted) as [keyof Fields, Fields[keyof Fields]][]) {
    if (value === undefined) map.delete(key);
    else if (map.get(key) !== value) map.set(key, document.createNode(value, { flow: true }));
  }
  return document.toString({ lineWidth: 0 });
}

/** The text is a policy, and its endpoint has these fields. */
function says(text: string, name: string, wanted: Fields): boolean {
  try {
    const policy = parsePolicy(text);
    return JSON.stringify(fieldsOf(endpointOf(policy, name), policy)) === JSON.stringify(wanted);
  } catch {
    return false;
  }
}
