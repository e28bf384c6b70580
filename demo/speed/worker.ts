/** Measures beside the page. */

import { measure } from './measure.ts';
import type { Report, Task } from './messages.ts';
import { measureSeveral } from './several.ts';

interface Scope {
  onmessage: ((event: MessageEvent<Task>) => void) | null;
  postMessage(report: Report): void;
}

const scope = globalThis as unknown as Scope;

scope.onmessage = ({ data: task }) => {
  const run = task.workers > 1 ? measureSeveral : measure;
  run(task, (sample) => scope.postMessage({ sample })).then(
    (result) => scope.postMessage({ result }),
    (error: unknown) =>
      scope.postMessage({ failure: error instanceof Error ? error.message : String(error) }),
  );
};
