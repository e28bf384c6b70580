/** A policy in the address of the page: `#policy?text=…`, deflated. It never leaves the browser: fragments are not sent. */

import { session, messageOf, usePolicy } from '../session.ts';

const KEY = 'text=';

/** Puts the policy of the address in force, if there is one. */
export async function openShared(): Promise<void> {
  const at = location.hash.indexOf(KEY);
  if (at < 0) return;
  try {
    const text = await inflate(location.hash.slice(at + KEY.length));
    const { parsePolicy } = await import('netvirt');
    await usePolicy(parsePolicy(text, { file: 'policy' }), text);
  } catch (error) {
    session.update({ failure: `The policy in this page’s address cannot be used: ${messageOf(error)}` });
  }
}

export async function sharedAddress(text: string): Promise<string> {
  const [page] = location.href.split('#');
  return `${page}#policy?${KEY}${await deflate(text)}`;
}

async function deflate(text: string): Promise<string> {
  const stream = new Blob([text]).stream().pipeThrough(new CompressionStream('deflate-raw'));
  const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
  const binary = Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

async function inflate(base64: string): Promise<string> {
  const binary = atob(base64.replaceAll('-', '+').replaceAll('_', '/'));
  const bytes = Uint8Array.from(binary, (character) => character.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('deflate-raw'));
  return new Response(stream).text();
}
