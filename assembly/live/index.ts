// What the host calls in the live build only, beside `assembly/index.ts`.

export { setOffloads } from './offloads';
export { holdRings as holdRingsAddress } from '../memory';
export { openArea } from './area';
export { collect } from './collect';
export { inputBytes, inputsDescribed } from './describe';
export { beginInputs, describeFrame, describeMessages } from './messages';
export { describeSlots, isInQueue, releaseSlots } from './packet';
export { openChunks, reapXdp, receiveXdp, reclaimChunks, refillXdp, returnChunks, sendXdp } from './xdp';
