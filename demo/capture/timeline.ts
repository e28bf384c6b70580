/** Bytes and packets per customer over time, in bins that get wider as the capture gets longer. */

import type { Series, Timeline } from './messages.ts';

const BINS = 400;

interface Bins {
  bytes: Float64Array;
  packets: Float64Array;
}

export class TimelineBins {
  #width = 0.001;
  #last = 0;
  readonly #customers = new Map<Series['customer'], Bins>();

  /** @param time seconds since the first packet. */
  add(customer: Series['customer'], time: number, bytes: number): void {
    while (time >= this.#width * BINS) this.#widen();
    const bin = Math.max(0, Math.floor(time / this.#width));
    this.#last = Math.max(this.#last, bin);
    let bins = this.#customers.get(customer);
    if (bins === undefined) {
      bins = { bytes: new Float64Array(BINS), packets: new Float64Array(BINS) };
      this.#customers.set(customer, bins);
    }
    bins.bytes[bin]! += bytes;
    bins.packets[bin]! += 1;
  }

  #widen(): void {
    this.#width *= 2;
    this.#last = Math.floor(this.#last / 2);
    for (const bins of this.#customers.values()) {
      bins.bytes = halved(bins.bytes);
      bins.packets = halved(bins.packets);
    }
  }

  result(): Timeline {
    const count = this.#last + 1;
    const series = [...this.#customers].map(([customer, { bytes, packets }]) => ({
      customer,
      bytes: [...bytes.subarray(0, count)],
      packets: [...packets.subarray(0, count)],
    }));
    return { width: this.#width, series };
  }
}

function halved(bins: Float64Array): Float64Array {
  return Float64Array.from(bins, (_, index) => (bins[index * 2] ?? 0) + (bins[index * 2 + 1] ?? 0));
}
