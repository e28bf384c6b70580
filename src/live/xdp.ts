/**
 * The `xdp` backend: AF_XDP sockets whose four rings lie in the WASM memory, as does the UMEM, which all sockets of a thread share.
 * The program and its attachment are bpf(2) links, gone with the process. Documentation/networking/af_xdp.rst
 */

import {
  CHUNKS_COUNT,
  CHUNKS_FREE,
  CHUNKS_SIZE,
  CHUNKS_START,
  FIRST_OWNER,
  XSK_COMPLETION,
  XSK_FILL,
  XSK_OWNER,
  XSK_RX,
  XSK_SIZE,
  XSK_TX,
} from '../abi/live.ts';
import { createLink, createMap, loadProgram, updateMap } from './bpf.ts';
import type { Channel, Opened } from './channel.ts';
import {
  AF_XDP,
  BPF_MAP_TYPE_XSKMAP,
  BPF_PROG_TYPE_XDP,
  BPF_XDP,
  SOCK_CLOEXEC,
  SOCK_RAW,
  SOL_XDP,
  XDP_FLAGS_DRV_MODE,
  XDP_FLAGS_SKB_MODE,
  XDP_MAX_TX_SKB_BUDGET,
  XDP_MMAP_OFFSETS,
  XDP_PACKET_HEADROOM,
  XDP_PGOFF_COMPLETION_RING,
  XDP_PGOFF_FILL_RING,
  XDP_PGOFF_RX_RING,
  XDP_PGOFF_TX_RING,
  XDP_RX_RING,
  XDP_STATISTICS,
  XDP_TX_RING,
  XDP_UMEM_COMPLETION_RING,
  XDP_UMEM_FILL_RING,
  XDP_UMEM_REG,
} from './linux.ts';
import type { PortContext } from './port-context.ts';
import { redirectProgram } from './programs.ts';
import type { Region, Regions } from './regions.ts';
import { attachControlFilter, openPacketSocket } from './sockets.ts';
import { type System, check, errnoText, setInt, words } from './system.ts';
import { LiveError } from './types.ts';

/** Entries of each ring: what comes while the thread does not run. With many ports each gets less. */
const MOST_ENTRIES = 4096;
const LEAST_ENTRIES = 2048;
const FEW_SOCKETS = 4;
/** Ethernet header and two tags. */
const LINK_HEADERS = 22;

/** Memory of a thread for AF_XDP. */
export interface Umem {
  /** Where frames lie: the UMEM of every socket. */
  readonly chunks: Region;
  readonly chunkSize: number;
  /** Of each ring. */
  readonly entries: number;
  /** Which chunks are free (`src/abi/live.ts`). */
  readonly table: Region;
}

/** IP MTU of interfaces that AF_XDP can serve. */
export const largestXdpMtu = 4096 - XDP_PACKET_HEADROOM - LINK_HEADERS;

/** Bytes of a chunk that takes frames of this MTU; undefined: AF_XDP cannot. */
function chunkFor(mtu: number): number | undefined {
  return [2048, 4096].find((size) => size >= XDP_PACKET_HEADROOM + LINK_HEADERS + mtu);
}

/** @param sockets that a thread may have. @param mtu largest of the interfaces that AF_XDP can serve. */
export function makeUmem(regions: Regions, sockets: number, mtu: number): Umem {
  const chunkSize = chunkFor(mtu) ?? 4096;
  const entries = sockets <= FEW_SOCKETS ? MOST_ENTRIES : LEAST_ENTRIES;
  // For every ring that receives, and what leaves meanwhile.
  const count = (sockets + 1) * entries;
  const chunks = regions.take(count * chunkSize);
  const table = regions.take(CHUNKS_FREE + count * 5);
  const view = new DataView(regions.bytes(table).buffer, table.address);
  view.setUint32(CHUNKS_START, chunks.address, true);
  view.setUint32(CHUNKS_SIZE, chunkSize, true);
  view.setUint32(CHUNKS_COUNT, count, true);
  return { chunks, chunkSize, entries, table };
}

interface Xsk {
  readonly fd: number;
  readonly rings: readonly Region[];
  readonly table: Region;
  readonly owner: number;
}

let lastOwner = 255;

/** Numbers go around: who had one before has been closed long since. */
function nextOwner(): number {
  lastOwner = lastOwner === 255 ? FIRST_OWNER : lastOwner + 1;
  return lastOwner;
}

/** @param isGeneric also where the driver has no XDP: slower, on the skb. @throws LiveError */
export function openXdp(context: PortContext, isGeneric: boolean): Opened {
  const { system, regions, name, ifindex, threads, port, lane, mtu, queues, umems } = context;
  if ((chunkFor(mtu) ?? Infinity) > umems[0]!.chunkSize)
    throw new LiveError('unsupported', `${name}: AF_XDP takes no frames of its MTU, ${mtu}`);
  const isTenant = port !== 0;
  const fds: number[] = [];
  const sockets: Xsk[] = [];
  const close = () => {
    for (const fd of fds) system.close(fd);
    for (const xsk of sockets) closeXsk(system, regions, xsk);
  };
  try {
    const map = createMap(system, BPF_MAP_TYPE_XSKMAP, 4, 4, queues);
    fds.push(map);
    const code = redirectProgram(map, context.addresses(), isTenant);
    const program = loadProgram(system, BPF_PROG_TYPE_XDP, BPF_XDP, code);
    fds.push(program, attach(system, name, program, ifindex, isGeneric));
    const channels: Omit<Channel, 'id'>[][] = Array.from({ length: threads }, () => []);
    for (let queue = 0; queue < queues; queue++) {
      const thread = queue % threads;
      const xsk = openXsk(context, umems[thread]!, queue);
      sockets.push(xsk);
      updateMap(system, map, words(queue), words(xsk.fd));
      const place = { kind: 'xdp', fd: xsk.fd, xsk: xsk.table.address } as const;
      const isFirst = channels[thread]!.length === 0;
      channels[thread]!.push({
        port,
        lane,
        hasVnet: false,
        source: place,
        sink: isFirst ? place : undefined,
      });
    }
    // A ring has one producer: threads without a queue of this interface send by packet socket.
    for (const own of channels.filter(({ length }) => length === 0)) {
      const fd = openPacketSocket(system, { name, ifindex, hasVnet: false, receives: false });
      fds.push(fd);
      own.push({ port, lane, hasVnet: false, source: undefined, sink: { kind: 'socket', fd } });
    }
    if (!isTenant) {
      // What is not redirected goes to the host; of that the dataplane looks at ARP and ICMP.
      const prepare = (fd: number) => {
        attachControlFilter(system, fd, name);
      };
      const fd = openPacketSocket(system, { name, ifindex, hasVnet: false, receives: true, prepare });
      fds.push(fd);
      channels[0]!.push({ port, lane, hasVnet: false, source: { kind: 'mmsg', fd }, sink: undefined });
    }
    let before = 0;
    const takeDrops = () => {
      const now = sockets.reduce((sum, { fd }) => sum + dropsOf(system, fd), 0);
      const news = now - before;
      before = now;
      return news;
    };
    const owners = channels.map((_, thread) =>
      sockets.flatMap(({ owner }, queue) => (queue % threads === thread ? [owner] : [])),
    );
    return { backend: 'xdp', offloads: 0, channels, takeDrops, close, owners };
  } catch (error) {
    close();
    throw error;
  }
}

function attach(system: System, name: string, program: number, ifindex: number, isGeneric: boolean): number {
  const link = createLink(system, program, ifindex, BPF_XDP, XDP_FLAGS_DRV_MODE);
  if (link >= 0) return link;
  const { name: errno, meaning } = errnoText(system.errno());
  if (errno === 'EBUSY')
    throw new LiveError('busy', `${name}: another XDP program is attached (ip link show ${name})`, errno);
  if (!isGeneric)
    throw new LiveError(
      'unsupported',
      `${name}: its driver takes no XDP program: ${meaning} (${errno})`,
      errno,
    );
  const generic = createLink(system, program, ifindex, BPF_XDP, XDP_FLAGS_SKB_MODE);
  return check(system, generic, `${name}: cannot attach an XDP program`);
}

function openXsk(context: PortContext, umem: Umem, queue: number): Xsk {
  const { system, regions, name, ifindex } = context;
  const fd = system.socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0);
  check(system, fd, `${name}: cannot open an AF_XDP socket`);
  const rings: Region[] = [];
  const table = regions.take(XSK_SIZE);
  const owner = nextOwner();
  new DataView(regions.bytes(table).buffer).setUint32(table.address + XSK_OWNER, owner, true);
  try {
    // struct xdp_umem_reg: addr u64, len u64, chunk_size, headroom, flags, tx_metadata_len
    const registration = new Uint8Array(32);
    const view = new DataView(registration.buffer);
    view.setBigUint64(0, BigInt(regions.base + umem.chunks.address), true);
    view.setBigUint64(8, BigInt(umem.chunks.size), true);
    view.setUint32(16, umem.chunkSize, true);
    const set = (option: number, value: Uint8Array, what: string) =>
      check(system, system.setsockopt(fd, SOL_XDP, option, value, value.length), `${name}: ${what}`);
    set(XDP_UMEM_REG, registration, 'cannot register memory for AF_XDP');
    for (const option of [XDP_UMEM_FILL_RING, XDP_UMEM_COMPLETION_RING, XDP_RX_RING, XDP_TX_RING])
      set(option, words(umem.entries), 'cannot make an AF_XDP ring');
    // Since Linux 6.17; before, one system call sends 32 frames.
    setInt(system, fd, SOL_XDP, XDP_MAX_TX_SKB_BUDGET, umem.entries);
    mapRings(context, umem.entries, fd, table, rings);
    // struct sockaddr_xdp: family u16, flags u16, ifindex, queue, shared UMEM. Flags 0: without copies where the driver can.
    const address = words(AF_XDP, ifindex, queue, 0);
    check(
      system,
      system.bind(fd, address, address.length),
      `${name}: cannot bind an AF_XDP socket to queue ${queue}`,
    );
    return { fd, rings, table, owner };
  } catch (error) {
    closeXsk(system, regions, { fd, rings, table, owner });
    throw error;
  }
}

function mapRings(
  { system, regions, name }: PortContext,
  entries: number,
  fd: number,
  table: Region,
  rings: Region[],
): void {
  // struct xdp_mmap_offsets: for rx, tx, fill and completion producer, consumer, desc, flags, u64 each
  const answer = new Uint8Array(128);
  const result = system.getsockopt(fd, SOL_XDP, XDP_MMAP_OFFSETS, answer, words(answer.length));
  check(system, result, `${name}: cannot ask for AF_XDP rings`);
  const offsets = new DataView(answer.buffer);
  const view = new DataView(regions.bytes(table).buffer, table.address);
  const kinds = [
    { at: 0, to: XSK_RX, page: XDP_PGOFF_RX_RING, entry: 16 },
    { at: 32, to: XSK_TX, page: XDP_PGOFF_TX_RING, entry: 16 },
    { at: 64, to: XSK_FILL, page: XDP_PGOFF_FILL_RING, entry: 8 },
    { at: 96, to: XSK_COMPLETION, page: XDP_PGOFF_COMPLETION_RING, entry: 8 },
  ];
  for (const { at, to, page, entry } of kinds) {
    const offset = (index: number) => Number(offsets.getBigUint64(at + index * 8, true));
    const ring = regions.take(offset(2) + entries * entry);
    try {
      regions.map(ring, fd, page, name);
    } catch (error) {
      regions.give(ring);
      throw error;
    }
    rings.push(ring);
    for (let index = 0; index < 3; index++)
      view.setUint32(to + index * 4, ring.address + offset(index), true);
    view.setUint32(to + 12, entries - 1, true);
  }
}

function closeXsk(system: System, regions: Regions, { fd, rings, table }: Xsk): void {
  for (const ring of rings) regions.unmap(ring);
  regions.give(table);
  system.close(fd);
}

function dropsOf(system: System, fd: number): number {
  // struct xdp_statistics: rx_dropped, rx_invalid_descs, tx_invalid_descs, rx_ring_full, rx_fill_ring_empty, tx_ring_empty: u64
  const answer = new Uint8Array(48);
  if (system.getsockopt(fd, SOL_XDP, XDP_STATISTICS, answer, words(answer.length)) < 0) return 0;
  const view = new DataView(answer.buffer);
  return Number(view.getBigUint64(0, true) + view.getBigUint64(24, true));
}
