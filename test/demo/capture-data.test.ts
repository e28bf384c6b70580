/** What the worker of the capture view does, without a browser: places, verdicts before their turn, filters that fill in. */

import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { Capture } from '../../demo/capture/capture.ts';
import { Judgements } from '../../demo/capture/columns.ts';
import { Labels } from '../../demo/capture/labels.ts';
import { Matches } from '../../demo/capture/matches.ts';
import type { Filter, Row } from '../../demo/capture/messages.ts';
import { DROP_FLOOD, DROP_FLOOD_RATE, FORWARD } from '../../src/abi/verdict.ts';
import { PcapngWriter, parseIp, parsePolicy } from '../../src/index.ts';
import { LiveFabric, probe } from '../../src/simulate/index.ts';
import { enhancedPacket, interfaceBlock, order, section } from '../capture/captures.ts';

const policy = parsePolicy(readFileSync(new URL('../../demo/example.yaml', import.meta.url), 'utf8'));
const PACKETS = 20_000;
const signal = new AbortController().signal;
const onProgress = () => undefined;

/** On the wire: by NVGRE, rewritten, of the other customer, with a bit lost, and of nobody. */
let frames: Uint8Array[];
/** Verdict, VSID, customer and destination of each. */
const EXPECTED = [
  ['FORWARD', 5001, 'bakery', '10.0.0.12'],
  ['FORWARD', 5001, 'bakery', '192.168.2.122'],
  ['FORWARD', 6001, 'museum', 'fd00:a::13'],
  ['DROP_OUTER_CHECKSUM', 5001, 'bakery', '10.0.0.12'],
  [undefined, undefined, '', '10.9.9.9'],
] as const;

beforeAll(async () => {
  const fabric = await LiveFabric.create(policy);
  const onWire = (from: string, to: string, padding = 20) => {
    const payload = 'x'.repeat(padding);
    const { frame } = probe(policy, fabric.endpoint(from), parseIp(to)!, 'udp', { payload });
    const { stops } = fabric.send(from, frame);
    return stops.find(({ deed }) => deed === 'encapsulated' || deed === 'rewritten')!.frame.slice();
  };
  const nvgre = onWire('bakery-till', '10.0.0.12');
  const broken = nvgre.slice();
  broken[24]! ^= 1;
  const strange = nvgre.slice(42);
  strange.set([2, 0, 0, 0, 0, 99], 6);
  strange.set([10, 9, 9, 9], 30);
  frames = [
    nvgre,
    onWire('bakery-web', '10.0.0.22'),
    onWire('museum-desk', 'fd00:a::13', 900),
    broken,
    strange,
  ];
});

function captureFile(packets = PACKETS): File {
  const writer = new PcapngWriter();
  const interfaceId = writer.addInterface({ name: 'tap' });
  for (let packet = 0; packet < packets; packet++) {
    const data = frames[packet % frames.length]!;
    writer.write({ interfaceId, seconds: 1000 + packet, nanoseconds: 5, data });
  }
  return new File([writer.take().slice()], 'x.pcapng');
}

const open = (file: File, most?: number, by = policy) =>
  Capture.open(file, by, { signal, onProgress, ...(most === undefined ? {} : { most }) });

const facts = ({ verdict, network, customer, dst }: Row) => [verdict, network, customer, dst];

describe('a capture', () => {
  it('has its packets, times and bytes before anything is judged', async () => {
    const file = captureFile();
    const { indexed } = await open(file);
    const bytes = frames.reduce((sum, frame) => sum + frame.length, 0) * (PACKETS / frames.length);
    expect(indexed).toMatchObject({ packets: PACKETS, bytes, read: file.size, fault: undefined });
    const [all, ...others] = indexed.timeline.series;
    expect(others).toEqual([]);
    expect(all!.customer).toBeUndefined();
    expect(all!.bytes.reduce((sum, bin) => sum + bin, 0)).toBe(bytes);
  });

  it('judges packets that are looked at before their turn, as it does in their turn', async () => {
    const capture = await open(captureFile());
    const from = PACKETS - 30;
    const early = await capture.rows(from, 100);
    expect(early).toHaveLength(30);
    for (const row of early) {
      expect(row).toMatchObject({ isJudged: true, isFinal: false });
      expect(facts(row)).toEqual(EXPECTED[row.index % EXPECTED.length]);
      expect(row).toMatchObject({ time: row.index, length: frames[row.index % frames.length]!.length });
    }
    expect(capture.report()).toBeUndefined();
    await capture.judge({ signal, onProgress });
    expect(await capture.rows(from, 100)).toEqual(early.map((row) => ({ ...row, isFinal: true })));
    for (const row of await capture.rows(0, PACKETS))
      expect(facts(row)).toEqual(EXPECTED[row.index % EXPECTED.length]);
  });

  it('shows its packets where the policy has too many hosts to judge them', async () => {
    const hosts = Array.from({ length: 257 }, () => policy.hosts[0]!);
    const capture = await open(captureFile(), undefined, { ...policy, hosts });
    const rows = await capture.rows(PACKETS - 3, 10);
    expect(rows.map(({ index, length, isJudged }) => [index, length, isJudged])).toEqual(
      [2, 3, 4].map((kind) => [PACKETS - 5 + kind, frames[kind]!.length, false]),
    );
    await expect(capture.judge({ signal, onProgress })).rejects.toThrow('up to 256 run in a page');
    expect(capture.report()).toBeUndefined();
    expect(await capture.rows(PACKETS - 3, 10)).toEqual(rows);
  });

  it('counts what was judged', async () => {
    const capture = await open(captureFile());
    await capture.judge({ signal, onProgress });
    const { judged, verdicts, networks, customers, rows, timeline } = capture.report()!;
    expect(judged).toBe(PACKETS);
    expect(verdicts.map(({ name, packets, isDrop }) => [name, packets, isDrop])).toEqual([
      ['FORWARD', (PACKETS * 3) / 5, false],
      ['DROP_OUTER_CHECKSUM', PACKETS / 5, true],
    ]);
    expect(networks).toEqual([5001, 6001]);
    expect(customers).toEqual(['bakery', 'museum']);
    expect(rows.reduce((sum, { packets }) => sum + packets, 0)).toBe(PACKETS);
    expect(timeline.series.map(({ customer }) => customer)).toEqual(['bakery', 'museum', '']);
  });

  it.each<[Filter, number[]]>([
    [{}, [0, 1, 2, 3, 4]],
    [{ vsid: 5001 }, [0, 1, 3]],
    [{ customer: 'museum' }, [2]],
    [{ verdict: 'DROP' }, [3]],
    [{ verdict: 'FORWARD', customer: 'bakery' }, [0, 1]],
    [{ address: '10.0.0.1' }, [0, 3, 4]],
    [{ address: 'fd00:a::1' }, [2]],
    [{ address: '10.9.9.9', vsid: 5001 }, []],
  ])('lets through by %j what is judged, and more as it is', async (filter, kinds) => {
    const capture = await open(captureFile());
    const isAll = Object.keys(filter).length === 0;
    expect(capture.filter(filter)).toBe(isAll ? PACKETS : 0);
    const counts: number[] = [];
    await capture.judge({
      signal,
      onProgress: (judged) => {
        const expected = kinds.reduce((sum, kind) => sum + Math.ceil((judged - kind) / 5), 0);
        expect(capture.count).toBe(isAll ? PACKETS : expected);
        counts.push(capture.count);
      },
    });
    expect(counts.length).toBeGreaterThan(5);
    expect(capture.count).toBe((PACKETS / 5) * kinds.length);
    const rows = await capture.rows(0, PACKETS);
    expect(rows.map(({ index }) => index)).toEqual(
      Array.from({ length: PACKETS }, (_, index) => index).filter((index) => kinds.includes(index % 5)),
    );
    expect(capture.filter({})).toBe(PACKETS);
  });

  it('gives the bytes of a packet', async () => {
    const capture = await open(captureFile());
    const { frame, originalLength } = await capture.detail(PACKETS - 3);
    expect(frame).toEqual(frames[2]);
    expect(originalLength).toBe(frames[2]!.length);
  });

  it('stops at what a page can hold, and shows what is there', async () => {
    const { indexed } = await open(captureFile(), 12_345);
    expect(indexed.packets).toBe(12_345);
    expect(indexed.fault).toBe('x.pcapng: more than 12,345 packets, which is what a page can hold');
  });

  it('is judged as far as it is whole', async () => {
    const file = captureFile();
    const capture = await open(new File([file.slice(0, -10)], 'x.pcapng'));
    expect(capture.indexed.packets).toBe(PACKETS - 1);
    expect(capture.indexed.fault).toContain(`record ${PACKETS}`);
    await capture.judge({ signal, onProgress });
    expect(capture.report()!.judged).toBe(PACKETS - 1);
  });

  it('is refused where its first packet is not Ethernet, and ends where a later one is not', async () => {
    const bytes = order(true);
    const head = [...section(bytes), ...interfaceBlock(bytes), ...interfaceBlock(bytes, [], 101)];
    const fault = 'raw.pcapng: expected Ethernet, got RAW (101)';
    const withPackets = (...interfaces: number[]) => {
      const packets = interfaces.flatMap((interfaceId) => enhancedPacket(bytes, { interfaceId, data: [1] }));
      return open(new File([Uint8Array.from([...head, ...packets])], 'raw.pcapng'));
    };
    await expect(withPackets(1, 0)).rejects.toThrow(fault);
    expect((await withPackets(0, 0, 1, 0)).indexed).toMatchObject({ packets: 2, fault });
  });

  it.each(['indexed', 'judged'])('is given up while it is %s', async (phase) => {
    const ending = new AbortController();
    const stop = () => {
      if (!ending.signal.aborted) ending.abort(new Error('another one'));
    };
    const options = { signal: ending.signal, onProgress: stop };
    if (phase === 'indexed') {
      await expect(Capture.open(captureFile(), policy, options)).rejects.toThrow('another one');
    } else {
      const capture = await open(captureFile());
      await expect(capture.judge(options)).rejects.toThrow('another one');
      expect(capture.report()!.judged).toBeLessThan(PACKETS);
    }
  });
});

it.each([
  ['DROP', [1, 2]],
  ['DROP_FLOOD', [1]],
  ['DROP_FLOOD_RATE', [2]],
  ['FORWARD', [0]],
])('the filter %s lets its own verdicts through', (verdict, expected) => {
  const columns = new Judgements(3);
  columns.verdict.set([FORWARD, DROP_FLOOD, DROP_FLOOD_RATE]);
  const matches = new Matches({ verdict });
  matches.extend(3, columns, new Labels());
  expect(Array.from({ length: matches.length }, (_, place) => matches.at(place))).toEqual(expected);
});
