/** Builds the demo into `demo/dist`: static files that any server can serve from any path. */

import { fileURLToPath } from 'node:url';
import { defineConfig, type Plugin } from 'vite';
import { parse } from 'yaml';
import { CONTENT_SECURITY_POLICY } from '../src/cli/demo-headers.ts';

const source = (path: string) => fileURLToPath(new URL(`../src/${path}`, import.meta.url));

/** `file.yaml?document` is the document that the file describes, so that the first view needs no YAML reader. */
const yamlDocument: Plugin = {
  name: 'yaml-document',
  enforce: 'pre',
  async load(id) {
    const [file, query] = id.split('?');
    if (query !== 'document' || file === undefined) return undefined;
    this.addWatchFile(file);
    const text = await this.fs.readFile(file, { encoding: 'utf8' });
    return { code: `export default ${JSON.stringify(parse(text))}`, moduleType: 'js' };
  },
};

/** For servers that send no headers of their own; what a meta tag cannot say is left out. */
const policyTag: Plugin = {
  name: 'content-security-policy',
  apply: 'build',
  transformIndexHtml: () => [
    {
      tag: 'meta',
      attrs: {
        'http-equiv': 'Content-Security-Policy',
        content: CONTENT_SECURITY_POLICY.replace(/; frame-ancestors [^;]*/, ''),
      },
      injectTo: 'head-prepend',
    },
  ],
};

export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  base: './',
  plugins: [yamlDocument, policyTag],
  resolve: {
    // The entries of the package, from their sources: what a page does not use is left out.
    alias: [
      { find: /^netvirt$/, replacement: source('index.ts') },
      { find: 'netvirt/core', replacement: source('core.ts') },
      { find: 'netvirt/inspect', replacement: source('observe/index.ts') },
      { find: 'netvirt/simulate', replacement: source('simulate/index.ts') },
    ],
  },
  worker: { format: 'es', plugins: () => [] },
  build: {
    target: 'es2023',
    outDir: 'dist',
    emptyOutDir: true,
    // A small .wasm would become a data: URL, which the content security policy forbids.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
});
