/** Writes docs/policy.schema.json from the schema that `parsePolicy` uses. */

import { writeFileSync } from 'node:fs';
import { policyJsonSchema } from '../src/policy/schema.ts';

writeFileSync(
  new URL('../docs/policy.schema.json', import.meta.url),
  `${JSON.stringify(policyJsonSchema(), null, 2)}\n`,
);
