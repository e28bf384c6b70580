/**
 * Room in the WASM memory for kernel rings: whole pages of the system behind everything that is there. What is mapped over them lies
 * in the memory like any other bytes, as long as the mapping stands.
 */

import { type Dataplane, instanceOf, reserveOf } from '../engine/dataplane.ts';
import { MAP_ANONYMOUS, MAP_FIXED, MAP_PRIVATE, MAP_SHARED, PROT_READ_WRITE } from './linux.ts';
import { type System, systemError } from './system.ts';

const PAGE = 4096;

export interface Region {
  /** Offset in the WASM memory. */
  readonly address: number;
  /** Bytes, whole pages. */
  readonly size: number;
}

export class Regions {
  /** Where the WASM memory begins in the process; it does not move when it grows. */
  readonly base: number;
  readonly #system: System;
  readonly #dataplane: Dataplane;
  /** Given back: a port that comes back takes what it had. */
  #free: Region[] = [];

  constructor(system: System, dataplane: Dataplane) {
    this.#system = system;
    this.#dataplane = dataplane;
    this.base = system.pointer(new Uint8Array(instanceOf(dataplane).memory.buffer));
  }

  /** Zeros. @throws RangeError when the memory cannot be that large. */
  take(bytes: number): Region {
    const size = Math.ceil(bytes / PAGE) * PAGE;
    const known = this.#free.find((region) => region.size === size);
    if (known === undefined) return { address: reserveOf(this.#dataplane, size), size };
    this.#free = this.#free.filter((region) => region !== known);
    this.bytes(known).fill(0);
    return known;
  }

  give(region: Region): void {
    this.#free.push(region);
  }

  bytes({ address, size }: Region): Uint8Array {
    return new Uint8Array(instanceOf(this.#dataplane).memory.buffer, address, size);
  }

  /** A ring of a socket takes the place of the region's pages. @throws LiveError */
  map({ address, size }: Region, fd: number, offset: number, what: string): void {
    const place = this.base + address;
    const flags = MAP_SHARED | MAP_FIXED;
    if (this.#system.mmap(place, size, PROT_READ_WRITE, flags, fd, offset) !== place)
      throw systemError(this.#system, `${what}: cannot map the ring`);
  }

  /** The region is plain memory again, all zeros, and free. */
  unmap(region: Region): void {
    const flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;
    const place = this.base + region.address;
    if (this.#system.mmap(place, region.size, PROT_READ_WRITE, flags, -1, 0) !== place)
      throw systemError(this.#system, 'cannot take a ring out of the memory');
    this.give(region);
  }
}
