/** `netvirt init`: a starter policy from a capture. */

import { writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { systemReason } from '../capture/files.ts';
import { StarterPolicy } from '../policy/starter.ts';
import { openInput } from './capture-input.ts';
import { InputError } from './errors.ts';

export async function init(file: string, options: { output: string }): Promise<void> {
  const starter = new StarterPolicy();
  const input = await openInput(file);
  for await (const records of input.chunks()) {
    for (let record = records.read(); record !== undefined; record = records.read()) starter.add(record.data);
  }
  if (starter.size === 0 && input.fault !== undefined) throw input.fault;
  if (starter.size === 0)
    throw new InputError(`${input.name}: expected frames with unicast source MACs, got none`);
  await write(options.output, starter.toYaml(file === '-' ? 'stdin' : basename(file)));
  if (input.fault !== undefined) throw input.fault;
}

async function write(file: string, text: string): Promise<void> {
  if (file === '-') {
    process.stdout.write(text);
    return;
  }
  try {
    await writeFile(file, text);
  } catch (error) {
    throw new InputError(`${file}: ${systemReason(error)}`);
  }
}
