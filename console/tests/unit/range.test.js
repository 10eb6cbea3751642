import { test } from 'node:test';
import assert from 'node:assert/strict';
import { load } from '../load.js';

const { parseTime, span, zoom, pan, SHORTEST } = await load('lib/range.ts');
const NOW = 1_000_000_000;

test('times as the URL writes them', () => {
  const check = (text, expected) => assert.equal(parseTime(text, NOW), expected, text);
  check('now', NOW);
  check('-15m', NOW - 900);
  check('-7d', NOW - 604_800);
  check('999999999', 999_999_999);
  check('2001-09-09T01:46:40Z', NOW);
  check('yesterday', null);
  check('-5x', null);
  check('', null);
});

test('a range that makes no sense is the last hour', () => {
  assert.deepEqual(span('now', '-1h', NOW), { from: NOW - 3600, to: NOW });
  assert.deepEqual(span('-2h', '-1h', NOW), { from: NOW - 7200, to: NOW - 3600 });
});

test('zoom keeps the middle and does not pass now', () => {
  assert.deepEqual(zoom({ from: 0, to: 100 }, 0.5, NOW), { from: 25, to: 75 });
  assert.deepEqual(zoom({ from: NOW - 100, to: NOW }, 2, NOW), { from: NOW - 200, to: NOW });
  const least = zoom({ from: 0, to: 12 }, 0.5, NOW);
  assert.equal(least.to - least.from, SHORTEST);
});

test('moving stops at now', () => {
  assert.deepEqual(pan({ from: 0, to: 100 }, -0.25, NOW), { from: -25, to: 75 });
  assert.deepEqual(pan({ from: NOW - 110, to: NOW - 10 }, 0.25, NOW), { from: NOW - 100, to: NOW });
});
