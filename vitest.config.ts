import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 120_000,
    // Reports are compared as plain text, also where CI or FORCE_COLOR would colour them.
    env: { NO_COLOR: '1' },
  },
});
