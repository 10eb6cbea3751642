import { test } from 'node:test';
import assert from 'node:assert/strict';
import { load } from '../load.js';

const f = await load('lib/format.ts');
const plain = (text) => text.replaceAll('\u00a0', ' ').replaceAll('\u202f', ' ');

test('bytes, rates and counts', () => {
  const check = (made, expected) => assert.equal(plain(made), expected);
  check(f.bytes(0), '0 B');
  check(f.bytes(999), '999 B');
  check(f.bytes(1000), '1.00 kB');
  check(f.bytes(999_999), '1.00 MB');
  check(f.bytes(12_345_678), '12.3 MB');
  check(f.bytes(12_345_678, 'de'), '12,3 MB');
  check(f.bitRate(125_000), '1.00 Mbit/s');
  check(f.count(1234), '1.23 k');
  check(f.count(12), '12');
});

test('durations', () => {
  const check = (seconds, expected) => assert.equal(plain(f.duration(seconds)), expected, String(seconds));
  check(0, '0 s');
  check(0.0000005, '1 µs');
  check(0.34, '340 ms');
  check(12.34, '12 s');
  check(310, '5 min 10 s');
  check(12_000, '3 h 20 min');
  check(187_200, '2 d 4 h');
});

test('shares and ends', () => {
  assert.equal(plain(f.percent(0.004)), '0.4%');
  assert.equal(f.endpoint('10.0.0.1', 80), '10.0.0.1:80');
  assert.equal(f.endpoint('fd00::1', 80), '[fd00::1]:80');
});

test('how long ago', () => {
  assert.equal(f.ago(5), '5 sec. ago');
  assert.equal(f.ago(7200), '2 hr. ago');
});

test('a range says the date of its end too when it spans days', () => {
  const now = new Date(2026, 10, 21, 20, 0);
  const at = (day, hour) => new Date(2026, 10, day, hour, 5, 0);
  const check = (from, to, expected) => assert.equal(f.between(from, to, 'en', now), expected);
  check(at(21, 8), at(21, 9), '08:05:00 – 09:05:00');
  check(at(19, 8), at(19, 9), 'Nov 19 08:05:00 – 09:05:00');
  check(at(20, 8), at(21, 9), 'Nov 20 08:05:00 – Nov 21 09:05:00');
  check(at(14, 8), at(20, 9), 'Nov 14 08:05:00 – Nov 20 09:05:00');
});
