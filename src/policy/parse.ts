/** The text of a policy, YAML or JSON → Policy, with every problem at its line and column. */

import { PolicyError } from './errors.ts';
import type { Policy } from './model.ts';
import { setTextReader } from './text-reader.ts';
import { formatOf, locateInText, parseText } from './text.ts';
import { markValid } from './valid.ts';
import { lookAt } from './validate.ts';

export interface ParseOptions {
  /** Name for messages; its extension decides between YAML and JSON. */
  file?: string;
  /** Default: by the file's extension, else JSON if the text begins with `{`, else YAML. */
  format?: 'yaml' | 'json';
  /**
   * What a running host learns from its kernel may be missing: MACs of hosts and gateways, and gateways. For dataplanes that are
   * told the MACs (`Dataplane.setNeighbor`); default false.
   */
  learnable?: boolean;
}

/**
 * Parses and validates a policy.
 * @throws PolicyError with all problems, each `file:line:column: path: expected …, got …`.
 */
export function parsePolicy(text: string, options: ParseOptions = {}): Policy {
  const file = options.file ?? 'policy';
  const source = text.startsWith('\ufeff') ? text.slice(1) : text;
  const format = options.format ?? formatOf(file, source);
  const { policy, found } = lookAt(parseText(source, file, format), options.learnable ?? false);
  if (found.length > 0) throw new PolicyError(locateInText(found, source, file, format));
  return markValid(policy);
}

setTextReader(parsePolicy);
