/** `netvirt/inspect`: looks at frames, captures and policies, for reports and pages; no dataplane is needed. */

export { changedBytes, dissect, type FrameLayer, type LayerField, type LayerKind } from '../dissect/index.ts';
export { decode, type Decoded, type Layer, type Tunnel } from './decode.ts';
export { Inspector, type Identity, type InspectRow, type Inspection } from './inspect.ts';
export { Senders, type SendersOptions } from './senders.ts';
export { summarize, type PolicySummary } from './summary.ts';
