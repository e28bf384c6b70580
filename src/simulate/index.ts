/** `netvirt/simulate`: all hosts of a policy at once, with the physical network between them. */

export { PSH_ACK, SYN, ping, tcp, udp, type Party } from '../frames/build.ts';
export { probe, type Probe, type ProbeOptions, type ProbeProtocol } from '../frames/probe.ts';
export type { PolicyDocument } from './document.ts';
export type { Sent } from './fabric.ts';
export { generateFabric, type FabricSize } from './generate.ts';
export type { Deed, Journey, Place, Stop } from './journey.ts';
export { LiveFabric } from './live-fabric.ts';
export type { Learnt, Report } from './report.ts';
export { simulate, type Moment, type SimulationOptions } from './simulation.ts';
export { everybodyTalks } from './traffic.ts';
export { allRewrite, type Variant } from './variants.ts';
