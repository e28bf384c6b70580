/** `--attach EP=IF`, `--await EP=IF` and `--tap EP=NAME`: which endpoint is behind which interface. */

import { UsageError } from './errors.ts';

export interface Attachment {
  readonly option: '--attach' | '--await' | '--tap';
  readonly endpoint: string;
  /** Of the interface. */
  readonly name: string;
}

export interface AttachmentOptions {
  readonly uplink: string;
  readonly attach: readonly string[];
  readonly await: readonly string[];
  readonly tap: readonly string[];
}

/** @throws UsageError for what cannot be read, and for an endpoint or an interface that comes twice. */
export function readAttachments(options: AttachmentOptions): Attachment[] {
  checkName('--uplink', options.uplink);
  const attachments = [
    ...options.attach.map((text) => readOne('--attach', text)),
    ...options.await.map((text) => readOne('--await', text)),
    ...options.tap.map((text) => readOne('--tap', text)),
  ];
  const names = new Map([[options.uplink, '--uplink']]);
  const endpoints = new Map<string, string>();
  for (const { option, endpoint, name } of attachments) {
    const had = names.get(name);
    if (had !== undefined)
      throw new UsageError(`${option}: expected every interface once, got "${name}" again (${had} has it)`);
    names.set(name, `${option} ${endpoint}`);
    const elsewhere = endpoints.get(endpoint);
    if (elsewhere !== undefined)
      throw new UsageError(
        `${option}: expected every endpoint once, got "${endpoint}" again (it is at ${elsewhere})`,
      );
    endpoints.set(endpoint, name);
  }
  return attachments;
}

/** The last `=`: a name of an endpoint may have some. */
function readOne(option: Attachment['option'], text: string): Attachment {
  const at = text.lastIndexOf('=');
  const what = option === '--tap' ? 'ENDPOINT=NAME' : 'ENDPOINT=INTERFACE';
  if (at <= 0) throw new UsageError(`${option}: expected ${what}, got "${text}"`);
  const name = text.slice(at + 1);
  checkName(option, name);
  return { option, endpoint: text.slice(0, at), name };
}

/** As `dev_valid_name` of the kernel: 1 to 15 bytes, no slash, no colon, no space, not a folder's own names. */
function checkName(option: string, name: string): void {
  const length = new TextEncoder().encode(name).length;
  if (length >= 1 && length <= 15 && !/[/:\s]/.test(name) && name !== '.' && name !== '..') return;
  throw new UsageError(`${option}: expected the name of an interface, 1 to 15 bytes, got "${name}"`);
}
