// Two hosts, one packet: encapsulated on host1, decapsulated on host2. Run: node docs/example.mjs
import { Dataplane, verdictOf } from 'netvirt';
import { readFileSync } from 'node:fs';

const policy = readFileSync(new URL('example.yaml', import.meta.url), 'utf8');
const [host1, host2] = await Promise.all(
  ['host1', 'host2'].map((host) => Dataplane.create({ policy, host })),
);

// UDP from 10.0.0.11 to 10.0.0.12, without a checksum.
const frame = Buffer.from(
  '02155d50011202155d50011108004500001e00004000401126b80a00000b0a00000c04d20007000a00006869',
  'hex',
);
host1.batch.push(frame, host1.port('bakery-till'));
host1.process();
for (const drop of host1.batch.drops()) console.log('host1 dropped it:', verdictOf(drop.verdict).sentence);
for (const output of host1.batch.outputs()) {
  console.log('on the wire:', Buffer.from(output.frame).toString('hex'));
  host2.batch.push(output.frame, 0);
}
host2.process();
for (const output of host2.batch.outputs())
  console.log('delivered:  ', Buffer.from(output.frame).toString('hex'));
