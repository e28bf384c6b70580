/** Places in JSON: the scanner accepts what JSON.parse accepts, and finds what a path names. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findJsonPlaces } from '../../src/policy/json-places.ts';

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

describe('the fault of a text', () => {
  it.each([
    ['', 0],
    ['[1,]', 3],
    ['{"a" 1}', 5],
    ['{"a":1,}', 7],
    ['01', 1],
    ['"\\x"', 1],
    ['"a\nb"', 2],
    ['nul', 0],
    ['[1] 2', 4],
    ['{"":1 "":2}', 6],
    ["{'a': 1}", 1],
    ['[', 1],
  ])('%j is at %i', (text, offset) => {
    expect(findJsonPlaces(text).fault).toBe(offset);
  });

  it('is there exactly where JSON.parse refuses', () => {
    const pieces = fc.constantFrom(
      ...[
        '{',
        '}',
        '[',
        ']',
        ':',
        ',',
        '"',
        '\\',
        '\\n',
        '\\u00e9',
        'a',
        '0',
        '-1',
        '1.5e3',
        'true',
        'null',
        ' ',
      ],
    );
    const nearly = fc.array(pieces, { maxLength: 12 }).map((parts) => parts.join(''));
    const cut = fc.tuple(fc.json(), fc.nat(), fc.string({ maxLength: 2 })).map(([text, at, extra]) => {
      const offset = at % (text.length + 1);
      return text.slice(0, offset) + extra + text.slice(offset);
    });
    fc.assert(
      fc.property(fc.oneof(nearly, cut, fc.json()), (text) => {
        expect(findJsonPlaces(text).fault === undefined).toBe(isJson(text));
      }),
      { numRuns: 5000 },
    );
  });

  it('is found at any depth of nesting', () => {
    const depth = 200_000;
    expect(findJsonPlaces('['.repeat(depth) + ']'.repeat(depth)).fault).toBeUndefined();
  });
});

describe('the place of a path', () => {
  it('is where its value begins', () => {
    const text = '{"a": [1, {"": "x"}],\t"b": {}}';
    const paths = [[], ['a'], ['a', 1, ''], ['b']];
    const { offsetOf } = findJsonPlaces(text, paths);
    expect(paths.map(offsetOf)).toEqual([0, 6, 15, 27]);
  });

  it('is that of the nearest value around where there is none', () => {
    expect(findJsonPlaces('{"a": [1]}', [['a', 5, 'x']]).offsetOf(['a', 5, 'x'])).toBe(6);
  });

  it('is the last one of a key that stands twice, which is told', () => {
    const { offsetOf, duplicates } = findJsonPlaces('{"a":{"b":1},"a":{}}', [['a', 'b']]);
    expect(offsetOf(['a', 'b'])).toBe(17);
    expect(duplicates).toEqual([{ offset: 13, key: 'a' }]);
  });
});
