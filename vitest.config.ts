import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const source = (path: string) => fileURLToPath(new URL(`src/${path}`, import.meta.url));

export default defineConfig({
  resolve: {
    // The demo knows the package by its entries; its tests take them from their sources.
    alias: [
      { find: /^netvirt$/, replacement: source('index.ts') },
      { find: /^netvirt\/core$/, replacement: source('core.ts') },
      { find: /^netvirt\/inspect$/, replacement: source('observe/index.ts') },
    ],
  },
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    setupFiles: ['test/plain-text.ts'],
  },
});
