/**
 * Finds and compiles the WebAssembly modules: from the file in Node, by fetch in a browser. This file lies one level below
 * the package's root, in `src` as in the bundle in `dist`, so that one URL serves both; bundlers recognise its form.
 */

/**
 * `release`: own memory, one thread. `threads`: imported shared memory. `live`: as threads, with what Linux interfaces need: frames
 * with offload headers. `trace`: as release, and it notes decisions.
 */
export type Build = 'release' | 'threads' | 'live' | 'trace';

/** The build works on a shared memory that the host makes. */
export function isShared(build: Build): boolean {
  return build === 'threads' || build === 'live';
}

const URLS: Record<Build, () => URL> = {
  release: () => new URL('../build/netvirt.wasm', import.meta.url),
  threads: () => new URL('../build/netvirt.threads.wasm', import.meta.url),
  live: () => new URL('../build/netvirt.live.wasm', import.meta.url),
  trace: () => new URL('../build/netvirt.trace.wasm', import.meta.url),
};

const compiled = new Map<Build, Promise<WebAssembly.Module>>();

/** The compiled module of a build; compiled once per process. Rejects when it cannot be read. */
export function loadModule(build: Build): Promise<WebAssembly.Module> {
  const known = compiled.get(build);
  if (known !== undefined) return known;
  const loading = compile(URLS[build]());
  compiled.set(build, loading);
  loading.catch(() => compiled.delete(build));
  return loading;
}

async function compile(url: URL): Promise<WebAssembly.Module> {
  if (url.protocol !== 'file:') return WebAssembly.compileStreaming(fetch(url));
  // Not an import: a bundler for browsers would have to replace it.
  const { readFile } = process.getBuiltinModule('node:fs/promises');
  return WebAssembly.compile(await readFile(url));
}
