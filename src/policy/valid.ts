/** Which policies were validated: nobody else's objects are trusted to be one. */

import type { Policy } from './model.ts';

const validated = new WeakSet<object>();

export function markValid(policy: Policy): Policy {
  validated.add(policy);
  return policy;
}

/** The object came from `parsePolicy`, `validatePolicy` or a `FabricState`. */
export function isPolicy(value: object): value is Policy {
  return validated.has(value);
}
