/** Whether options of `LiveIo` can be. */

import { MOST_LANES } from '../abi/live.ts';
import { instanceOf } from '../engine/dataplane.ts';
import { checkName } from './interfaces.ts';
import { LiveError, type LiveOptions } from './types.ts';

/** @throws RangeError, LiveError */
export function checkOptions({ dataplane, ports, io }: LiveOptions, workers: number): void {
  if (io !== undefined && !['packet', 'xdp', 'mmsg', 'auto'].includes(io))
    throw new RangeError(`io: expected packet, xdp, mmsg or auto, got ${JSON.stringify(io)}`);
  const { workers: instances, exports } = instanceOf(dataplane);
  if (!('openArea' in exports)) throw new RangeError("dataplane: expected one with build: 'live'");
  if (!Number.isInteger(workers) || workers < 1 || workers >= instances)
    throw new RangeError(
      `workers: expected an integer from 1 to ${instances - 1}, one less than the dataplane has, got ${workers}`,
    );
  if (ports.length === 0 || ports.length >= MOST_LANES)
    throw new RangeError(`ports: expected 1 to ${MOST_LANES - 1}, got ${ports.length}`);
  for (const key of ['port', 'name'] as const) {
    const values = ports.map((port) => port[key]);
    const twice = values.find((value, index) => values.indexOf(value) !== index);
    if (twice !== undefined) throw new LiveError('busy', `${twice}: it is named twice among the ports`);
  }
  for (const { name } of ports) checkName(name);
}
