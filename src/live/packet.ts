/**
 * The `packet` backend: a PACKET_MMAP ring whose pages lie in the WASM memory. The kernel copies a frame into it once; it is processed
 * where it lies, and sent from there. Documentation/networking/packet_mmap.rst
 */

import type { Channel, LiveCalls, Opened, Receiver, Source, ThreadContext } from './channel.ts';
import {
  PACKET_COPY_THRESH,
  PACKET_RESERVE,
  PACKET_RX_RING,
  PACKET_VERSION,
  SOL_PACKET,
  TPACKET_V2,
  TPACKET_V3,
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
/** Version 3: the largest super-segment fits into a block; a block that is not full is given away after so many milliseconds. */
const BLOCK_TIMEOUT = 1;

/** Bytes of a ring: with many ports each gets less. */
export function ringBytes(ports: number): number {
  return ports <= 16 ? 4 << 20 : 1 << 20;
}

export function openPacket(context: PortContext, version: 2 | 3 = 2): Opened {
  const { system, regions, name, ifindex, threads, hasVnet, port, lane, mtu, ringSize, offloads } = context;
  const sockets: { fd: number; ring: Region; channel: Omit<Channel, 'id'> }[] = [];
  const close = () => {
    for (const { fd, ring } of sockets) {
      regions.unmap(ring);
      system.close(fd);
    }
  };
  let group: number | undefined;
  const slot = slotSize(mtu);
  const size = version === 2 ? slot : BLOCK;
  try {
    for (let thread = 0; thread < threads; thread++) {
      const ring = regions.take(ringSize);
      const prepare = (fd: number) => {
        prepareRing(context, fd, version, slot, ring);
      };
      const fd = openPacketSocket(system, { name, ifindex, hasVnet, receives: true, prepare });
      const source: Source = {
        kind: 'packet',
        fd,
        version,
        ring: ring.address,
        size,
        count: ring.size / size,
      };
      sockets.push({ fd, ring, channel: { port, lane, hasVnet, source, sink: { kind: 'socket', fd } } });
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

/** A power of two that a frame of the interface's MTU fits into; what is longer comes through the socket's queue. */
function slotSize(mtu: number): number {
  let size = 2048;
  while (size < BEFORE_FRAME + LINK_HEADERS + mtu && size < LARGEST_SLOT) size *= 2;
  return size;
}

function prepareRing(
  { system, regions, name }: PortContext,
  fd: number,
  version: 2 | 3,
  slot: number,
  ring: Region,
): void {
  const set = (option: number, value: number, what: string) =>
    check(system, setInt(system, fd, SOL_PACKET, option, value), `${name}: cannot set ${what}`);
  set(PACKET_VERSION, version === 2 ? TPACKET_V2 : TPACKET_V3, 'PACKET_VERSION');
  set(PACKET_RESERVE, HEADROOM, 'PACKET_RESERVE');
  set(PACKET_COPY_THRESH, slot, 'PACKET_COPY_THRESH');
  // struct tpacket_req: block_size, block_nr, frame_size, frame_nr; _req3 has retire_blk_tov, sizeof_priv, feature_req_word too
  const blocks = ring.size / BLOCK;
  const request = words(BLOCK, blocks, slot, (BLOCK / slot) * blocks, BLOCK_TIMEOUT, 0, 0);
  const length = version === 2 ? 16 : 28;
  check(
    system,
    system.setsockopt(fd, SOL_PACKET, PACKET_RX_RING, request, length),
    `${name}: cannot make a ring of ${ring.size} bytes`,
  );
  regions.map(ring, fd, 0, name);
}

type PacketSource = Extract<Source, { kind: 'packet' }>;

/** Slots: the kernel wakes for every frame. */
export class SlotReceiver implements Receiver {
  readonly isRing = true;
  readonly fd: number;
  readonly #calls: LiveCalls;
  readonly #source: PacketSource;
  readonly #port: number;
  readonly #vnet: number;
  readonly #queue: MessageBuffers;
  #next = 0;
  #taken = 0;

  /** @param queue where frames go that are too long for a slot. */
  constructor({ calls }: ThreadContext, source: PacketSource, channel: Channel, queue: MessageBuffers) {
    this.fd = source.fd;
    this.#calls = calls;
    this.#source = source;
    this.#port = channel.port;
    this.#vnet = channel.hasVnet ? 1 : 0;
    this.#queue = queue;
  }

  receive(most: number): number {
    const { ring, size, count } = this.#source;
    const calls = this.#calls;
    const found = calls.describeSlots(ring, size, count, this.#next, most, this.#port, this.#vnet);
    this.#taken = found;
    if (found > 0 || calls.isInQueue(ring, size, this.#next) === 0) return found;
    this.#taken = 1;
    const received = this.#queue.receive(this.fd, 1, this.#port, this.#vnet);
    // It should be there; without it the slot must be passed all the same.
    if (received === 0) this.release();
    return received;
  }

  release(): void {
    const { ring, size, count } = this.#source;
    this.#calls.releaseSlots(ring, size, count, this.#next, this.#taken);
    this.#next = (this.#next + this.#taken) % count;
    this.#taken = 0;
  }
}

/** Blocks: the kernel wakes when one is full or its time is over. */
export class BlockReceiver implements Receiver {
  readonly isRing = true;
  readonly fd: number;
  readonly #calls: LiveCalls;
  readonly #source: PacketSource;
  readonly #port: number;
  readonly #vnet: number;
  #block = 0;
  #isOpen = false;

  constructor({ calls }: ThreadContext, source: PacketSource, channel: Channel) {
    this.fd = source.fd;
    this.#calls = calls;
    this.#source = source;
    this.#port = channel.port;
    this.#vnet = channel.hasVnet ? 1 : 0;
  }

  receive(most: number): number {
    const { ring, size, count } = this.#source;
    if (!this.#isOpen && this.#calls.openBlock(ring + this.#block * size) === 0) return 0;
    this.#isOpen = true;
    const found = this.#calls.describeBlock(most, this.#port, this.#vnet);
    if (found > 0) return found;
    this.#calls.releaseBlock(ring + this.#block * size);
    this.#block = (this.#block + 1) % count;
    this.#isOpen = false;
    return this.receive(most);
  }

  /** A block goes back as a whole, when it has been read. */
  release(): void {
    return;
  }
}
