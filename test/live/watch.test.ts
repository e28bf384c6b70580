/** A policy file that changes as editors, scripts and Kubernetes change files. */

import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { FileWatch } from '../../src/live/watch.ts';

/** Longer than an event and the quiet after it take; shorter than the glance that needs no event. */
const SOON = 700;
/** Longer than that. */
const LATER = 2800;

class Scene {
  readonly folder = mkdtempSync(join(tmpdir(), 'netvirt-watch-'));
  readonly file = join(this.folder, 'policy.yaml');
  readonly texts: string[] = [];
  readonly errors: string[] = [];
  watch: FileWatch | undefined;

  begin(file = this.file): void {
    this.watch = new FileWatch({
      file,
      text: 'first',
      onText: (next) => this.texts.push(next),
      onError: (reason) => this.errors.push(reason),
    });
  }

  end(): void {
    this.watch?.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** At the same time: they wait, and that is all that they do. */
function it(title: string, body: (scene: Scene) => Promise<void>): void {
  test.concurrent(title, async () => {
    const scene = new Scene();
    try {
      await body(scene);
    } finally {
      scene.end();
    }
  });
}

async function until(isSo: () => boolean, limit: number): Promise<void> {
  for (const end = performance.now() + limit; !isSo() && performance.now() < end;) await sleep(10);
}

it('one that is written in steps is read once it rests', async (scene) => {
  const { file, texts } = scene;
  writeFileSync(file, 'first');
  scene.begin();
  truncateSync(file, 0);
  for (const part of ['se', 'co', 'nd', ' ', 'text']) {
    await sleep(60);
    appendFileSync(file, part);
  }
  expect(texts).toEqual([]);
  await sleep(SOON);
  expect(texts).toEqual(['second text']);
});

it('one that is written again with what it had is no other', async (scene) => {
  const { file, texts } = scene;
  writeFileSync(file, 'first');
  scene.begin();
  writeFileSync(file, 'first');
  await sleep(SOON);
  expect(texts).toEqual([]);
});

it('another file takes its name, again and again', async (scene) => {
  const { folder, file, texts, errors } = scene;
  writeFileSync(file, 'first');
  scene.begin();
  for (const text of ['second', 'third']) {
    writeFileSync(join(folder, '.policy.yaml.swp'), text);
    renameSync(join(folder, '.policy.yaml.swp'), file);
    await until(() => texts.includes(text), SOON);
  }
  expect(texts).toEqual(['second', 'third']);
  expect(errors).toEqual([]);
});

it('it vanishes, which is said once, and comes back', async (scene) => {
  const { folder, file, texts, errors } = scene;
  writeFileSync(file, 'first');
  scene.begin();
  rmSync(file);
  await until(() => errors.length > 0, SOON);
  writeFileSync(join(folder, 'other'), 'wakes the watch');
  await sleep(SOON);
  expect(errors).toEqual(['no such file or directory']);
  writeFileSync(file, 'second');
  await until(() => texts.length > 0, SOON);
  rmSync(file);
  await until(() => errors.length > 1, SOON);
  expect(texts).toEqual(['second']);
  expect(errors).toHaveLength(2);
});

it('its folder vanishes and comes back', async (scene) => {
  const { folder, texts, errors } = scene;
  const deep = join(folder, 'deep');
  mkdirSync(deep);
  const path = join(deep, 'policy.yaml');
  writeFileSync(path, 'first');
  scene.begin(path);
  rmSync(deep, { recursive: true });
  await until(() => errors.length > 0, SOON);
  mkdirSync(deep);
  writeFileSync(path, 'second');
  await until(() => texts.length > 0, LATER);
  // And is watched again, without a glance.
  await sleep(LATER);
  writeFileSync(path, 'third');
  await until(() => texts.length > 1, SOON);
  expect(texts).toEqual(['second', 'third']);
});

it('a ConfigMap of Kubernetes: a link to a link to a folder, which is exchanged', async (scene) => {
  const { folder, file, texts, errors } = scene;
  const version = (name: string, text: string) => {
    mkdirSync(join(folder, name));
    writeFileSync(join(folder, name, 'policy.yaml'), text);
  };
  version('..2026_1', 'first');
  symlinkSync('..2026_1', join(folder, '..data'));
  symlinkSync(join('..data', 'policy.yaml'), file);
  scene.begin();
  for (const [name, text] of [
    ['..2026_2', 'second'],
    ['..2026_3', 'third'],
  ] as const) {
    version(name, text);
    symlinkSync(name, join(folder, '..data_tmp'));
    renameSync(join(folder, '..data_tmp'), join(folder, '..data'));
    await until(() => texts.includes(text), SOON);
  }
  expect(texts).toEqual(['second', 'third']);
  expect(errors).toEqual([]);
});

it('a link whose target is in another folder', async (scene) => {
  const { file, texts } = scene;
  const elsewhere = mkdtempSync(join(tmpdir(), 'netvirt-watch-'));
  try {
    writeFileSync(join(elsewhere, 'text'), 'first');
    symlinkSync(join(elsewhere, 'text'), file);
    scene.begin();
    await sleep(LATER);
    writeFileSync(join(elsewhere, 'text'), 'second');
    await until(() => texts.length > 0, LATER);
    expect(texts).toEqual(['second']);
  } finally {
    rmSync(elsewhere, { recursive: true });
  }
});

it('`again` tells what it has, and after `close` nothing is told', async (scene) => {
  const { file, texts } = scene;
  writeFileSync(file, 'first');
  scene.begin();
  scene.watch!.again();
  await until(() => texts.length > 0, SOON);
  expect(texts).toEqual(['first']);
  writeFileSync(file, 'second');
  scene.watch!.close();
  await sleep(SOON);
  expect(texts).toEqual(['first']);
});
