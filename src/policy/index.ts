export { formatIp, formatMac, formatPrefix, parseIp, parseMac, parsePrefix } from './addresses.ts';
export { PolicyError, type Problem } from './errors.ts';
export type * from './model.ts';
export { parsePolicy, validatePolicy, type ParseOptions } from './parse.ts';
