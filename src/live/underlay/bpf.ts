/** The few calls of bpf(2) that it takes to see whether XDP can be attached. */

import type { Sockets } from './sockets.ts';

const BPF_PROG_LOAD = 5;
const BPF_LINK_CREATE = 28;
const BPF_PROG_TYPE_XDP = 6;
const BPF_XDP = 37;

/** Loads an XDP program that answers every frame with `verdict`. @returns its descriptor, negative: `errno`. */
export function bpfProgram(sockets: Sockets, verdict: number): number {
  const instructions = new Uint8Array(16);
  const view = new DataView(instructions.buffer);
  view.setUint8(0, 0xb7); // r0 = verdict
  view.setInt32(4, verdict, true);
  view.setUint8(8, 0x95); // exit
  const license = new TextEncoder().encode('MIT\0');
  const attributes = new DataView(new ArrayBuffer(128));
  attributes.setUint32(0, BPF_PROG_TYPE_XDP, true);
  attributes.setUint32(4, 2, true);
  attributes.setBigUint64(8, sockets.addressOf(instructions), true);
  attributes.setBigUint64(16, sockets.addressOf(license), true);
  return sockets.bpf(BPF_PROG_LOAD, new Uint8Array(attributes.buffer), 128);
}

/** @param flags 4: native, 2: generic. @returns the link's descriptor; closing it detaches. Negative: `errno`. */
export function linkXdp(sockets: Sockets, program: number, link: number, flags: number): number {
  const attributes = new DataView(new ArrayBuffer(64));
  attributes.setUint32(0, program, true);
  attributes.setUint32(4, link, true);
  attributes.setUint32(8, BPF_XDP, true);
  attributes.setUint32(12, flags, true);
  return sockets.bpf(BPF_LINK_CREATE, new Uint8Array(attributes.buffer), 64);
}
