/**
 * TCP as far as it takes to move a file: three-way handshake with MSS (RFC 9293 §3.7.1), data in segments that fit, an
 * acknowledgement for each, FIN. Only what is lost to a path MTU is sent again; there is no timer.
 */

import { type Upper, concat, mss, tcp } from '../packets/index.ts';
import type { Tcp } from './parse.ts';

const FIN = 1;
const SYN = 2;
const PSH = 8;
const ACK = 16;

export interface TcpPath {
  transmit(segment: Upper): void;
  /** Bytes of TCP header and data that fit into one packet now. */
  room(): number;
  /** What we can take: our link's MTU less the headers. */
  readonly announced: number;
}

const TCP_HEADER = 20;
/** RFC 9293 §3.7.1: without the option; the smaller one of the two families. */
const DEFAULT_MSS = 536;

export class Connection {
  readonly #path: TcpPath;
  readonly #ports: { readonly srcPort: number; readonly dstPort: number };
  /** Close to the end of the sequence space, so that it wraps. */
  readonly #first: number;
  #outgoing: Uint8Array = new Uint8Array(0);
  /** Bytes of data sent, and those acknowledged. */
  #sent = 0;
  #acked = 0;
  #next = 0;
  #incoming: Uint8Array[] = [];
  #isClosing = false;
  #isFinSent = false;
  isEstablished = false;
  isPeerDone = false;
  isDone = false;
  /** What the peer's SYN said. */
  peerMss = DEFAULT_MSS;
  /** Bytes of data in the largest segment that came, and how many came. */
  largest = 0;
  segments = 0;
  retransmissions = 0;

  constructor(path: TcpPath, ports: { readonly srcPort: number; readonly dstPort: number }, first: number) {
    this.#path = path;
    this.#ports = ports;
    this.#first = first >>> 0;
  }

  get received(): Uint8Array {
    return concat(...this.#incoming);
  }

  /** Both directions are finished, and both sides know. */
  get isClosed(): boolean {
    return this.isDone && this.isPeerDone;
  }

  connect(): void {
    this.#send(SYN, this.#first, 0);
  }

  write(data: Uint8Array): void {
    this.#outgoing = concat(this.#outgoing, data);
    this.#flush();
  }

  close(): void {
    this.#isClosing = true;
    this.#flush();
  }

  /** The path has become narrower: what is not acknowledged may be lost. */
  sendAgain(): void {
    if (!this.isEstablished || this.#sent === this.#acked) return;
    this.retransmissions++;
    this.#sent = this.#acked;
    this.#isFinSent = false;
    this.#flush();
  }

  receive(segment: Tcp): void {
    if ((segment.flags & SYN) !== 0) {
      this.#synchronize(segment);
      return;
    }
    if ((segment.flags & ACK) !== 0) this.#acknowledged(segment.ack);
    const isExpected = segment.seq === this.#next;
    const { data } = segment;
    if (data.length > 0) {
      this.segments++;
      this.largest = Math.max(this.largest, data.length);
    }
    if (isExpected && data.length > 0) {
      this.#incoming.push(data);
      this.#next = (this.#next + data.length) >>> 0;
    }
    const isFin = (segment.flags & FIN) !== 0;
    if (isFin && isExpected && !this.isPeerDone) {
      this.isPeerDone = true;
      this.#next = (this.#next + 1) >>> 0;
    }
    if (data.length > 0 || isFin) this.#send(ACK, this.#position(), this.#next);
    this.#flush();
  }

  #synchronize({ flags, seq, ack, mss: announced }: Tcp): void {
    this.peerMss = announced ?? DEFAULT_MSS;
    this.#next = (seq + 1) >>> 0;
    if ((flags & ACK) === 0) {
      this.#send(SYN | ACK, this.#first, this.#next);
      return;
    }
    if (ack !== (this.#first + 1) >>> 0) return;
    this.isEstablished = true;
    this.#send(ACK, this.#position(), this.#next);
    this.#flush();
  }

  #acknowledged(ack: number): void {
    // Distance from the first byte of data; the FIN counts as one more.
    const count = (ack - this.#first - 1) >>> 0;
    if (count > this.#outgoing.length + 1) return;
    this.isEstablished = true;
    this.#acked = Math.max(this.#acked, Math.min(count, this.#outgoing.length));
    if (this.#isFinSent && count === this.#outgoing.length + 1) this.isDone = true;
  }

  /** Sequence number of what is sent next. */
  #position(): number {
    return (this.#first + 1 + this.#sent + (this.#isFinSent ? 1 : 0)) >>> 0;
  }

  #flush(): void {
    if (!this.isEstablished) return;
    const size = Math.min(this.peerMss, this.#path.room() - TCP_HEADER);
    while (this.#sent < this.#outgoing.length) {
      const data = this.#outgoing.subarray(this.#sent, this.#sent + size);
      this.#send(PSH | ACK, this.#position(), this.#next, data);
      this.#sent += data.length;
    }
    if (!this.#isClosing || this.#isFinSent) return;
    this.#send(FIN | ACK, this.#position(), this.#next);
    this.#isFinSent = true;
  }

  #send(flags: number, seq: number, ack: number, data: Uint8Array = new Uint8Array(0)): void {
    const options = (flags & SYN) === 0 ? {} : { options: mss(this.#path.announced) };
    this.#path.transmit(tcp({ ...this.#ports, seq, ack, flags, ...options }, data));
  }
}
