/** The text of a policy as the document that simulations change. */

import { parseDocument } from 'yaml';
import type { PolicyDocument } from './document.ts';

/** @param text of a policy that `parsePolicy` has accepted. JSON is YAML, but faster to read as what it is. */
export function readDocument(text: string): PolicyDocument {
  const source = text.replace(/^\ufeff/, '');
  try {
    return JSON.parse(source) as PolicyDocument;
  } catch {
    return parseDocument(source).toJS({ maxAliasCount: 100 }) as PolicyDocument;
  }
}
