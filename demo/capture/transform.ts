/** A capture through a dataplane into another capture, as `netvirt encap` and `netvirt decap` do it. */

import { CaptureReader, Dataplane, INPUT_CUT, PcapngWriter, type Policy, verdicts } from 'netvirt/core';
import { Senders } from 'netvirt/inspect';
import type { Transform, Transformed } from './messages.ts';
import { readChunks } from './reading.ts';

/** Nobody's port: what has it is counted as DROP_UNKNOWN_PORT. */
const NO_PORT = 0xffff;

export async function transform(
  file: File,
  policy: Policy,
  { direction, host }: Transform,
): Promise<Transformed> {
  const dataplane = await Dataplane.create({ policy, host, capacity: { largeSlots: 16 } });
  const { batch, ports } = dataplane;
  const senders = new Senders(
    ports.map(({ number, endpoint }) => [endpoint, number] as const),
    { where: `on ${host}`, advice: 'only the names of pcapng interfaces can tell them apart' },
  );
  const writer = new PcapngWriter();
  const isOut = direction === 'encapsulate';
  const kept = isOut
    ? [{ number: 0, name: 'uplink' }]
    : ports.map((port) => ({ number: port.number, name: port.endpoint.name }));
  const interfaces = new Map(kept.map(({ number, name }) => [number, writer.addInterface({ name })]));
  const parts: Uint8Array<ArrayBuffer>[] = [];
  const times: { seconds: number; nanoseconds: number }[] = [];
  let [inputs, written, now] = [0, 0, 0];
  const flush = () => {
    dataplane.process(now);
    for (const { verdict, port, frame, input } of batch.outputs()) {
      const interfaceId = interfaces.get(port);
      // What left by itself or back to its sender is no part of the transfer.
      if (verdict !== verdicts.FORWARD || interfaceId === undefined) continue;
      writer.write({ interfaceId, ...times[input]!, data: frame });
      written++;
    }
    batch.clear();
  };
  const reader = new CaptureReader(file.name);
  for await (const chunk of readChunks(file)) {
    reader.push(chunk);
    for (let record = reader.read(); record !== undefined; record = reader.read()) {
      const { data, originalLength, seconds, nanoseconds, interfaceId } = record;
      const port = isOut ? (senders.of(data, reader.interfaces[interfaceId]?.name) ?? NO_PORT) : 0;
      const flags = data.length < originalLength ? INPUT_CUT : 0;
      // Copies of a broadcast and pieces share slots: alone, such a frame has enough.
      const isAlone = (data[0]! & 1) === 1 || data.length > 1514;
      if (isAlone && batch.length > 0) flush();
      if (!batch.push(data, port, flags)) {
        flush();
        batch.push(data, port, flags);
      }
      times[batch.length - 1] = { seconds, nanoseconds };
      now = Math.max(now, seconds * 1000 + nanoseconds / 1e6);
      inputs++;
      if (isAlone) flush();
    }
    if (batch.length > 0) flush();
    parts.push(writer.take().slice());
  }
  const { drops } = dataplane.counters();
  return { blob: new Blob(parts, { type: 'application/octet-stream' }), inputs, written, drops };
}
