import assert from 'node:assert/strict';
import test from 'node:test';
import { load } from '../load.js';

const { adviceOf, evidenceName, overLimit, columnsOf } = await load('lib/alerts/words.ts');
const { techniqueName, techniqueAddress } = await load('lib/alerts/attack.ts');
const { readEnd, until, localText, PRESETS, millis } = await load('lib/alerts/expiry.ts');

test('advice ends before the part about the command line', () => {
  assert.equal(adviceOf('Block it. If this is expected, raise the limits.'), 'Block it.');
  assert.equal(adviceOf('Block it.'), 'Block it.');
});

test('names of evidence become words with units', () => {
  assert.deepEqual(evidenceName('distinct_ports'), { words: 'distinct ports', unit: '' });
  assert.deepEqual(evidenceName('interval_s'), { words: 'interval', unit: 's' });
  assert.deepEqual(evidenceName('bytes_received'), { words: 'bytes received', unit: 'bytes' });
});

test('what is above its threshold, strongest first', () => {
  const evidence = { a: { value: 30, threshold: 10 }, b: { value: 5, threshold: 10 }, c: { value: 90, threshold: 10 }, d: { value: 7 }, e: { value: 'x', threshold: 1 } };
  assert.deepEqual(overLimit(evidence).map(([name, , times]) => [name, times]), [['c', 9], ['a', 3]]);
  assert.deepEqual(columnsOf(evidence), ['threshold']);
  assert.deepEqual(columnsOf(undefined), []);
});

test('techniques have names and addresses', () => {
  assert.equal(techniqueName('T1046'), 'Network Service Discovery');
  assert.equal(techniqueName('T9999'), null);
  assert.equal(techniqueAddress('T1498.001'), 'https://attack.mitre.org/techniques/T1498/001/');
});

test('a rule ends in the future and within a year', () => {
  const now = new Date('2026-03-01T12:00:00');
  assert.equal(readEnd('', now), 'missing');
  assert.equal(readEnd('soon', now), 'unreadable');
  assert.equal(readEnd('2026-03-01T12:00', now), 'past');
  assert.equal(readEnd('2027-03-05T12:00', now), 'too-late');
  assert.equal(localText(readEnd('2026-03-02T08:05', now)), '2026-03-02T08:05');
  for (const preset of PRESETS) assert.ok(readEnd(localText(until(preset, now)), now) instanceof Date, preset);
  assert.equal(millis('7d'), 604_800_000);
});
