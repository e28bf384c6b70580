export * from './core.ts';
export { parsePolicy, type ParseOptions } from './policy/parse.ts';
