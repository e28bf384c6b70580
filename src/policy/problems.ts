/** From what was found wrong with a document to problems that name the place. */

import type { Found } from './collector.ts';
import { type Path, type Problem, formatPath } from './errors.ts';

export interface Place {
  readonly line: number;
  readonly column: number;
}

/** The place of a path in the text, or of the nearest thing around it that exists. */
export type Locate = (path: Path) => Place;

/** @param locate undefined for a document that was built in memory. */
export function toProblems(found: readonly Found[], file: string, locate: Locate | undefined): Problem[] {
  const problems = found.map(({ path, message, first }) => {
    const place = locate?.(path);
    const before = first === undefined ? '' : ` (first: ${firstPlace(first, locate)})`;
    return {
      file,
      line: place?.line,
      column: place?.column,
      path: formatPath(path),
      message: message + before,
    };
  });
  return inOrder(problems);
}

function firstPlace(path: Path, locate: Locate | undefined): string {
  return locate === undefined ? formatPath(path) : `${formatPath(path)}, line ${locate(path).line}`;
}

/** As they stand in the text. */
export function inOrder(problems: Problem[]): Problem[] {
  return problems.sort((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0));
}
