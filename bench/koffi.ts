/** Koffi calls native code from Node. It is optional: there may be none for a platform. */

import { createRequire } from 'node:module';
import type * as Koffi from 'koffi';

export function loadKoffi(): typeof Koffi | undefined {
  try {
    return createRequire(import.meta.url)('koffi') as typeof Koffi;
  } catch {
    return undefined;
  }
}
