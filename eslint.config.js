import { defineConfig } from 'eslint/config';
import tseslint from 'typescript-eslint';

export default defineConfig(
  { ignores: ['build', 'dist', 'demo/dist', 'coverage', 'out'] },
  tseslint.configs.recommended,
  {
    files: [
      'src/**/*.ts',
      'test/**/*.ts',
      'bench/**/*.ts',
      'scripts/**/*.ts',
      'demo/**/*.ts',
      'demo/**/*.tsx',
    ],
    ignores: ['bench/limit/**'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      // Counts and offsets are printed in every second message.
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      // `a[i]!` is how noUncheckedIndexedAccess meets a loop whose bound is the array's own length.
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { ignoreRestSiblings: true }],
    },
  },
  {
    // The page knows the package as its users do, by its entries. Its rival in the speed view is the one of the benchmarks.
    files: ['demo/**'],
    ignores: ['demo/vite.config.ts'],
    rules: {
      '@typescript-eslint/no-restricted-imports': ['error', { patterns: ['**/src/**'] }],
      // A handler may be `() => setName(value)`.
      '@typescript-eslint/no-confusing-void-expression': 'off',
    },
  },
  {
    // AssemblyScript: its own types (u32, usize, …), no runtime to be type-checked against.
    files: ['assembly/**', 'bench/limit/**'],
    rules: {
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      '@typescript-eslint/no-loss-of-precision': 'off',
      'no-loss-of-precision': 'off',
      'prefer-const': 'error',
    },
  },
);
