/** Text and bytes as commands write them to a file: whole or not at all, as captures are. */

import { mkdir } from 'node:fs/promises';
import { CaptureFile, OutputError, systemReason } from '../capture/files.ts';

/** @throws OutputError when it cannot be written; what was there before is then still there. */
export async function writeBytes(path: string, bytes: Uint8Array): Promise<void> {
  const file = await CaptureFile.create(path);
  await file.write(bytes);
  await file.close();
}

/** @throws OutputError as `writeBytes`. */
export async function writeText(path: string, text: string): Promise<void> {
  await writeBytes(path, new TextEncoder().encode(text));
}

/** With the folders that it is in. @throws OutputError when it cannot be made. */
export async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
  } catch (error) {
    const isTaken = (error as NodeJS.ErrnoException).code === 'EEXIST';
    throw new OutputError(`${folder}: ${isTaken ? 'expected a folder, got a file' : systemReason(error)}`);
  }
}
