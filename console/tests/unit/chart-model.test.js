import { test } from 'node:test';
import assert from 'node:assert/strict';
import { load } from '../load.js';

const { join, roundTop, facts, cluster, clipGaps, emptyGaps, spread } = await load('lib/chart/model.ts');

test('a line breaks where nobody watched', () => {
  const { x, rows } = join([{ t: [0, 10, 40], v: [1, 2, 3] }], 10);
  assert.deepEqual(x, [0, 10, 20, 40]);
  assert.deepEqual(rows, [[1, 2, null, 3]]);
});

test('lines with different times share one axis', () => {
  const { x, rows } = join([{ t: [0, 10], v: [1, 2] }, { t: [10, 20], v: [5, 6] }], 10);
  assert.deepEqual(x, [0, 10, 20]);
  assert.deepEqual(rows, [[1, 2, null], [null, 5, 6]]);
});

test('the top of an axis is round and above', () => {
  const cases = [[0, 1], [1, 1.5], [93, 100], [95, 150], [140, 150], [1_000_000, 1_500_000], [0.03, 0.04]];
  for (const [max, top] of cases) assert.ok(Math.abs(roundTop(max) - top) < 1e-9, `${max}: ${roundTop(max)}`);
});

test('facts leave out what nobody watched', () => {
  assert.deepEqual(facts([1, 2, 3], [4, null, 8]), { least: 4, most: 8, mostAt: 3, mean: 6 });
  assert.equal(facts([1], [null]), null);
});

test('marks that would lie on each other are one', () => {
  const groups = cluster([{ t: 30 }, { t: 0 }, { t: 4 }], 10);
  assert.deepEqual(groups.map((group) => group.map((mark) => mark.t)), [[0, 4], [30]]);
});

test('gaps are cut to the range', () => {
  assert.deepEqual(clipGaps([[0, 5], [8, 20], [30, 40]], 4, 10), [[4, 5], [8, 10]]);
});

test('a gap is only where there are no points', () => {
  const check = (gaps, x, values, expected) => assert.deepEqual(emptyGaps(gaps, x, values), expected);
  check([[0, 10]], [], [], [[0, 10]]);
  check([[0, 20], [30, 40]], [5, 10, 50], [1, 1, 1], [[0, 5], [15, 20], [30, 40]]);
  check([[0, 20]], [0, 5, 10, 15], [1, 1, 1, 1], []);
  check([[0, 4]], [0, 1, 2, 3], [1, 1, 1, 1], []);
  check([[0, 10]], [0, 1, 2], [1, 1, null], [[2, 10]]);
});

test('jitter of clocks is no break', () => {
  assert.deepEqual(join([{ t: [0, 1, 4], v: [1, 2, 3] }], 1).x, [0, 1, 4]);
});

test('a table has at most so many rows', () => {
  assert.deepEqual(spread(5, 10), [0, 1, 2, 3, 4]);
  assert.ok(spread(1001, 180).length <= 180);
});
