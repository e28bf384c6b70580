/** The list of a capture, without a browser: where rows stand, and what is asked for. */

import { describe, expect, it } from 'vitest';
import { RowFeed, type RowWindow } from '../../demo/capture/feed.ts';
import type { Row } from '../../demo/capture/messages.ts';
import { ROW, Track } from '../../demo/capture/track.ts';

const ROOM = 17 * ROW + 11;

describe('the track', () => {
  it('has a pixel for every pixel of a row, as long as that is possible', () => {
    const track = new Track(1000, ROOM);
    expect(track.height).toBe(1000 * ROW);
    expect(track.whole).toBe(17);
    expect(track.firstAt(0)).toBe(0);
    expect(track.firstAt(ROW * 7 + 5)).toBe(7);
    expect(track.topOf(7)).toBe(7 * ROW);
  });

  it.each([1_000_000, 20_000_000])('leads to the first and the last of %i rows', (count) => {
    const track = new Track(count, ROOM);
    expect(track.height).toBeLessThan(16_000_000);
    expect(track.firstAt(0)).toBe(0);
    expect(track.firstAt(track.height - ROOM)).toBe(count - track.whole);
    for (const first of [0, 1, 12_345, count - track.whole])
      expect(track.firstAt(track.topOf(first))).toBe(first);
  });

  it('is not in the way of few rows, or none', () => {
    for (const count of [0, 1, 5]) {
      const track = new Track(count, ROOM);
      expect(track.height).toBe(count * ROW);
      expect(track.firstAt(0)).toBe(0);
      expect(track.topOf(0)).toBe(0);
    }
  });
});

/** A worker that answers when it is told to. */
class SlowClient {
  readonly asked: [from: number, count: number][] = [];
  readonly #answers: (() => void)[] = [];
  isJudged = true;
  /** Packets that were judged in their turn. */
  judged = Infinity;
  /** Rows that there are. */
  length = Infinity;

  rows(from: number, count: number): Promise<Row[]> {
    this.asked.push([from, count]);
    const { isJudged, judged } = this;
    const end = Math.min(from + count, this.length);
    return new Promise((resolve) => {
      this.#answers.push(() => {
        const rows = Array.from({ length: end - from }, (_, row) => {
          const index = from + row;
          return { index, isJudged, isFinal: index < judged };
        });
        resolve(rows as unknown as Row[]);
      });
    });
  }

  async answer(): Promise<void> {
    this.#answers.shift()?.();
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
}

describe('the feed', () => {
  const begin = () => {
    const client = new SlowClient();
    const windows: RowWindow[] = [];
    const feed = new RowFeed(client, (window) => windows.push(window));
    const want = (first: number) => {
      feed.want({ first, from: Math.max(0, first - 8), count: 20 });
    };
    return { client, windows, feed, want };
  };

  it('has one question on its way, and goes on with the last wish', async () => {
    const { client, windows, want } = begin();
    for (const first of [0, 100, 200, 300, 300]) want(first);
    expect(client.asked).toEqual([[0, 20]]);
    await client.answer();
    expect(client.asked).toEqual([
      [0, 20],
      [292, 20],
    ]);
    await client.answer();
    await client.answer();
    expect(client.asked).toHaveLength(2);
    expect(windows.map(({ from, first, rows }) => [from, first, rows[0]!.index])).toEqual([
      [0, 0, 0],
      [292, 300, 292],
    ]);
  });

  it('asks again for what was not judged, or not there, and for nothing else', async () => {
    const { client, feed, want } = begin();
    feed.refresh(0);
    client.isJudged = false;
    want(0);
    await client.answer();
    client.isJudged = true;
    client.length = 5;
    feed.refresh(0);
    await client.answer();
    client.length = Infinity;
    feed.refresh(0);
    feed.refresh(0);
    await client.answer();
    await client.answer();
    expect(client.asked).toHaveLength(4);
    feed.refresh(0);
    expect(client.asked).toHaveLength(4);
  });

  it('asks once more for what was judged before its turn, when the last row has had it', async () => {
    const { client, windows, feed, want } = begin();
    client.judged = 0;
    want(0);
    await client.answer();
    for (const judged of [2, 10, 19]) feed.refresh(judged);
    expect(client.asked).toHaveLength(1);
    client.judged = 20;
    feed.refresh(20);
    await client.answer();
    for (const judged of [30, 40]) feed.refresh(judged);
    expect(client.asked).toHaveLength(2);
    expect(windows.at(-1)!.rows.every(({ isFinal }) => isFinal)).toBe(true);
  });

  it('forgets what was asked before the rows became others', async () => {
    const { client, windows, feed, want } = begin();
    want(50);
    feed.reset();
    want(0);
    await client.answer();
    await client.answer();
    expect(windows.map(({ from, rows }) => [from, rows.length])).toEqual([
      [0, 0],
      [0, 20],
    ]);
  });
});
