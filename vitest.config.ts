import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const source = (path: string) => fileURLToPath(new URL(`src/${path}`, import.meta.url));

/** Network namespaces and browsers take every core themselves, and time counts in them. */
const ALONE = ['test/live/**/*.test.ts', 'test/demo/**/*.test.ts'];

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
    testTimeout: 120_000,
    hookTimeout: 120_000,
    setupFiles: ['test/plain-text.ts'],
    projects: [
      {
        extends: true,
        test: {
          name: 'together',
          include: ['test/**/*.test.ts'],
          exclude: ALONE,
          maxWorkers: availableParallelism(),
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: { name: 'alone', include: ALONE, maxWorkers: 1, sequence: { groupOrder: 1 } },
      },
    ],
  },
});
