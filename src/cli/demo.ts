/** `netvirt demo`: serves the browser demo, files of the package and nothing else, to this machine. */

import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { packageFile } from '../package-files.ts';
import { HEADERS } from './demo-headers.ts';
import { InputError } from './errors.ts';

export interface DemoOptions {
  /** 0: any that is free. */
  port: number;
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.wasm': 'application/wasm',
};

/** Serves until the process is told to end. */
export async function demo(options: DemoOptions): Promise<void> {
  const { port } = (await serveDemo(options.port)).address() as AddressInfo;
  console.log(`The demo is at http://localhost:${port}/ until Ctrl-C.`);
}

/** @throws InputError where the demo was not built or the port is taken. */
export async function serveDemo(port: number): Promise<Server> {
  const folder = packageFile('demo/dist/');
  if (!(await isFile(new URL('index.html', folder))))
    throw new InputError('demo: expected demo/dist in the package, got none: npm run build');
  const server = createServer((request, response) => {
    respond(folder, request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => {
      reject(new InputError(`--port: ${error.message}`));
    });
    // Only for this machine: localhost is what browsers trust without a certificate.
    server.listen(port, 'localhost', resolve);
  });
  return server;
}

async function respond(folder: URL, request: IncomingMessage, response: ServerResponse): Promise<void> {
  for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.writeHead(405, { Allow: 'GET, HEAD' }).end();
    return;
  }
  const file = fileOf(folder, request.url ?? '/');
  const type = file === undefined ? undefined : TYPES[extname(file.pathname)];
  if (file === undefined || type === undefined || !(await isFile(file))) {
    response.writeHead(404, { 'Content-Type': 'text/plain; charset=utf-8' }).end('not found\n');
    return;
  }
  const isNamedByHash = file.pathname.includes('/assets/');
  response.writeHead(200, {
    'Content-Type': type,
    'Cache-Control': isNamedByHash ? 'max-age=31536000, immutable' : 'no-cache',
  });
  if (request.method === 'HEAD') response.end();
  else await pipeline(createReadStream(file), response);
}

/** Undefined for what is not in the folder. */
function fileOf(folder: URL, url: string): URL | undefined {
  const { pathname } = new URL(url, 'http://localhost');
  try {
    const file = new URL(`.${pathname === '/' ? '/index.html' : pathname}`, folder);
    const path = fileURLToPath(file);
    return path.startsWith(fileURLToPath(folder)) ? file : undefined;
  } catch {
    // Escapes that are none, or hide a slash.
    return undefined;
  }
}

async function isFile(url: URL): Promise<boolean> {
  const found = await stat(url).catch(() => undefined);
  return found?.isFile() === true;
}
