export { formatIp, formatMac, formatPrefix, parseIp, parseMac, parsePrefix } from './addresses.ts';
export type * from './delta.ts';
export { PolicyError, type Problem } from './errors.ts';
export { FabricState } from './fabric-state.ts';
export type * from './inputs.ts';
export type * from './model.ts';
export { validatePolicy } from './validate.ts';
