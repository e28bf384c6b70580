// A VM's programs: run in its network namespace, so that its own kernel does TCP, UDP and IP.
//
//   node vm.mjs serve NAME            answers on port 7: TCP with NAME, then what comes; UDP with NAME and the datagram
//   node vm.mjs tcp ADDRESS BYTES     sends BYTES to an echo and prints the NAME and how many came back right
//   node vm.mjs udp ADDRESS BYTES     the same with one datagram
//   node vm.mjs stream ADDRESS MS     sends for so long, prints what arrived back and the longest gap in milliseconds

import { createSocket } from 'node:dgram';
import { connect, createServer } from 'node:net';

const PORT = 7;
const [command, target, amount] = process.argv.slice(2);

function pattern(length) {
  return Buffer.from(Uint8Array.from({ length }, (_, index) => (index * 31 + (index >> 8)) & 0xff));
}

function serve(name) {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.write(`${name}\n`);
    socket.pipe(socket);
  });
  server.listen(PORT, '::');
  const udp = createSocket({ type: 'udp6' });
  udp.on('message', (message, { address, port }) => {
    udp.send(Buffer.concat([Buffer.from(`${name}\n`), message]), port, address);
  });
  udp.bind(PORT, '::', () => console.log('ready'));
}

function tcp(address, bytes) {
  const sent = pattern(bytes);
  const socket = connect(PORT, address);
  const parts = [];
  let length = 0;
  socket.on('data', (part) => {
    parts.push(part);
    length += part.length;
    const all = length > bytes ? Buffer.concat(parts) : undefined;
    const end = all?.indexOf(10) ?? -1;
    if (all === undefined || all.length < end + 1 + bytes) return;
    const right = all.subarray(end + 1).equals(sent);
    console.log(JSON.stringify({ name: all.subarray(0, end).toString(), right }));
    socket.destroy();
  });
  socket.on('error', fail);
  socket.write(sent);
}

function udp(address, bytes) {
  const sent = pattern(bytes);
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
  socket.on('message', (message) => {
    const end = message.indexOf(10);
    const right = message.subarray(end + 1).equals(sent);
    console.log(JSON.stringify({ name: message.subarray(0, end).toString(), right }));
    socket.close();
    clearInterval(again);
  });
  const send = () => socket.send(sent, PORT, address);
  // Datagrams may be lost; a path MTU may have to be learnt first.
  const again = setInterval(send, 300);
  send();
}

function stream(address, milliseconds) {
  const socket = connect(PORT, address);
  const chunk = pattern(8192);
  let last = performance.now();
  let gap = 0;
  let received = 0;
  socket.on('data', (part) => {
    const now = performance.now();
    gap = Math.max(gap, now - last);
    last = now;
    received += part.length;
  });
  socket.on('error', fail);
  let sent = 0;
  const timer = setInterval(() => {
    if (socket.writableLength > 1 << 20) return;
    sent += chunk.length;
    socket.write(chunk);
  }, 2);
  setTimeout(() => {
    clearInterval(timer);
    socket.end();
  }, milliseconds);
  socket.on('end', () => {
    console.log(JSON.stringify({ sent, received, gap: Math.round(gap) }));
  });
}

function fail(error) {
  console.log(JSON.stringify({ error: error.code ?? error.message }));
  process.exit(1);
}

if (command === 'serve') serve(target);
else if (command === 'tcp') tcp(target, Number(amount));
else if (command === 'udp') udp(target, Number(amount));
else stream(target, Number(amount));
