/**
 * The `packet` backend: a PACKET_MMAP ring whose pages lie in the WASM memory. The kernel copies a frame into it once; it is processed
 * where it lies, and sent from there. Documentation/networking/packet_mmap.rst
 *
 * Version 2 of the ring: it wakes for every frame. Version 3 wakes for blocks, at the earliest after a millisecond: from one veth to
 * another a frame at 1 kpps took 0.88 ms with it, 0.05 ms with this, and the work for a frame is the same. What is longer than
 * a slot (super-segments) comes through the socket's queue, in its place among the others.
 */

import type { Channel, LiveCalls, Opened, Receiver, Source, ThreadContext } from './channel.ts';
import {
  PACKET_COPY_THRESH,
  PACKET_RESERVE,
  PACKET_RX_RING,
  PACKET_VERSION,
  SOL_PACKET,
  TPACKET_V2,
} from './linux.ts';
import type { MessageBuffers } from './messages.ts';
import type { PortContext } from './port-context.ts';
import type { Region } from './regions.ts';
import { joinFanout, openPacketSocket, takeSocketDrops } from './sockets.ts';
import { check, setInt, words } from './system.ts';

/** In front of every frame, beyond what the kernel has there itself: for an envelope. */
const HEADROOM = 128;
/** What precedes a frame in its slot at most: tpacket2_hdr, sockaddr_ll, headroom, virtio_net_hdr, alignment. */
const BEFORE_FRAME = 52 + 28 + HEADROOM + 16;
/** Ethernet header and a VLAN tag. */
const LINK_HEADERS = 18;
const LARGEST_SLOT = 16384;
/** The kernel allocates a ring in blocks; slots do not cross them. */
const BLOCK = 1 << 18;
const CACHE_LINE = 64;

/** All rings together take at most this, as long as each has its least. */
const ALL_RINGS = 64 << 20;
const LARGEST_RING = 16 << 20;
const LEAST_RING = 1 << 20;

/** Bytes of a ring: what comes while the thread does not run, for tens of milliseconds where there are few ports. */
export function ringBytes(rings: number): number {
  let size = LARGEST_RING;
  while (size * rings > ALL_RINGS && size > LEAST_RING) size /= 2;
  return size;
}

export function openPacket(context: PortContext): Opened {
  const { system, regions, name, ifindex, threads, hasVnet, port, lane, mtu, ringSize, offloads } = context;
  const sockets: { fd: number; channel: Omit<Channel, 'id'> }[] = [];
  const rooms: { ring: Region; place: Region }[] = [];
  const close = () => {
    for (const { ring, place } of rooms) {
      regions.unmap(ring);
      regions.give(place);
    }
    for (const { fd } of sockets) system.close(fd);
  };
  let group: number | undefined;
  const slot = slotSize(mtu);
  try {
    for (let thread = 0; thread < threads; thread++) {
      const ring = regions.take(ringSize);
      const place = regions.take(4);
      const prepare = (fd: number) => {
        prepareRing(context, fd, slot, ring);
      };
      rooms.push({ ring, place });
      const fd = openPacketSocket(system, { name, ifindex, hasVnet, receives: true, prepare });
      const source: Source = {
        kind: 'packet',
        fd,
        ring: ring.address,
        place: place.address,
        slotSize: slot,
        blockSize: BLOCK,
        slots: slotsOf(ring, slot),
      };
      const channel = { port, lane, hasVnet, source, sink: { kind: 'socket', fd } } as const;
      sockets.push({ fd, channel });
      if (threads > 1) group = joinFanout(system, fd, group, name);
    }
  } catch (error) {
    close();
    throw error;
  }
  return {
    backend: 'packet',
    offloads,
    channels: sockets.map(({ channel }) => [channel]),
    takeDrops: () => sockets.reduce((sum, { fd }) => sum + takeSocketDrops(system, fd), 0),
    close,
  };
}

/** An odd number of cache lines, so that headers of slots do not compete for the same places of a cache. */
function slotSize(mtu: number): number {
  const needed = Math.min(BEFORE_FRAME + LINK_HEADERS + mtu, LARGEST_SLOT);
  return (Math.ceil(needed / CACHE_LINE) | 1) * CACHE_LINE;
}

function prepareRing({ system, regions, name }: PortContext, fd: number, slot: number, ring: Region): void {
  const set = (option: number, value: number, what: string) =>
    check(system, setInt(system, fd, SOL_PACKET, option, value), `${name}: cannot set ${what}`);
  set(PACKET_VERSION, TPACKET_V2, 'PACKET_VERSION');
  set(PACKET_RESERVE, HEADROOM, 'PACKET_RESERVE');
  set(PACKET_COPY_THRESH, slot, 'PACKET_COPY_THRESH');
  // struct tpacket_req: block_size, block_nr, frame_size, frame_nr
  const request = words(BLOCK, ring.size / BLOCK, slot, slotsOf(ring, slot));
  check(
    system,
    system.setsockopt(fd, SOL_PACKET, PACKET_RX_RING, request, request.length),
    `${name}: cannot make a ring of ${ring.size} bytes`,
  );
  regions.map(ring, fd, 0, name);
}

function slotsOf(ring: Region, slot: number): number {
  return Math.floor(BLOCK / slot) * (ring.size / BLOCK);
}

type PacketSource = Extract<Source, { kind: 'packet' }>;

/** A thread's end of the ring. */
export class SlotReceiver implements Receiver {
  readonly isRing = true;
  readonly fd: number;
  readonly #calls: LiveCalls;
  readonly #source: PacketSource;
  readonly #port: number;
  readonly #vnet: number;
  readonly #queue: MessageBuffers;
  /** In the memory, for the next thread if this one dies: `#next`, and `#taken` << 16. */
  readonly #place: Uint32Array;
  #next: number;
  #taken: number;

  /** @param queue where frames go that are too long for a slot. */
  constructor(
    { calls, instance }: ThreadContext,
    source: PacketSource,
    channel: Channel,
    queue: MessageBuffers,
  ) {
    this.fd = source.fd;
    this.#calls = calls;
    this.#source = source;
    this.#port = channel.port;
    this.#vnet = channel.hasVnet ? 1 : 0;
    this.#queue = queue;
    this.#place = new Uint32Array(instance.memory.buffer, source.place, 1);
    this.#next = this.#place[0]! & 0xffff;
    // The batch that a thread died of is not tried again.
    this.#taken = this.#place[0]! >>> 16;
    if (this.#taken > 0) this.release();
  }

  /** Of the queue one frame is fetched at a time. */
  readonly isPending = false;

  receive(most: number): number {
    const { ring, slotSize, blockSize, slots } = this.#source;
    const calls = this.#calls;
    const [next, port, vnet] = [this.#next, this.#port, this.#vnet];
    const found = calls.describeSlots(ring, slotSize, blockSize, slots, next, most, port, vnet);
    this.#take(found);
    if (found > 0 || calls.isInQueue(ring, slotSize, blockSize, next) === 0) return found;
    this.#take(1);
    const received = this.#queue.receive(this.fd, 1, this.#port, this.#vnet);
    // It should be there; without it the slot must be passed all the same.
    if (received === 0) this.release();
    return received;
  }

  release(): void {
    const { ring, slotSize, blockSize, slots } = this.#source;
    this.#calls.releaseSlots(ring, slotSize, blockSize, slots, this.#next, this.#taken);
    this.#next = (this.#next + this.#taken) % slots;
    this.#take(0);
  }

  #take(count: number): void {
    this.#taken = count;
    this.#place[0] = this.#next | (count << 16);
  }
}
