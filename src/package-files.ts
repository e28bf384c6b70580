/**
 * Files of the package. This file lies one level below the package's root, in `src` as in the bundle in `dist`, so that
 * one relative URL serves both.
 */
export function packageFile(path: string): URL {
  return new URL(`../${path}`, import.meta.url);
}
