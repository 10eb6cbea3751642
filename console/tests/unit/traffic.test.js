import { test } from 'node:test';
import assert from 'node:assert/strict';
import { load } from '../load.js';

const { filterOf, flowless, groupFilter, toggled, both } = await load('pages/traffic/selection.ts');
const { drawn } = await load('pages/traffic/lines.ts');
const { steps, mood } = await load('lib/flows/words.ts');
const { strength } = await load('lib/strength.ts');

test('the choice as a filter of flows', () => {
  const check = (by, keys, expected) => assert.equal(filterOf(by, keys), expected);
  check('total', ['x'], '');
  check('app', [], '');
  check('app', ['dns'], 'app:dns');
  check('protocol', ['icmp', 'arp'], 'proto:icmp,icmpv6');
  check('protocol', ['other'], 'not proto:tcp,udp,icmp,icmpv6');
  assert.ok(flowless('protocol', ['arp']) && !flowless('protocol', []));
  check('port', ['443/tcp'], 'dport:443 proto:tcp');
  check('port', ['443/tcp', '53/udp'], '((dport:443 proto:tcp) or (dport:53 proto:udp))');
  check('device', ['10.0.0.1', '10.0.0.2'], '(ip:10.0.0.1 or ip:10.0.0.2)');
  assert.equal(groupFilter('dport', '22/tcp'), 'dport:22 proto:tcp');
  assert.equal(both('', 'a'), 'a');
});

test('keys go in and out, at most eight', () => {
  assert.deepEqual(toggled(['a', 'b'], 'a'), ['b']);
  assert.equal(toggled(['1', '2', '3', '4', '5', '6', '7', '8'], '9').length, 8);
});

const names = { label: (line) => line.key, peak: 'peak' };
const line = (key) => ({
  key,
  total: {},
  points: [[0, 100, 10, 1, 40, 4], [10, 200, 20, 2, 50, 5]],
  limits: { bytes: { mean: [100, 100], upper: [150, 150], lower: [-50, 50] }, packets: { mean: [1, 1], upper: [2, 2], lower: [0, 0] } },
});

test('one line comes with limits and peaks, a second each', () => {
  const made = drawn([line('a')], { step: 10 }, 'bytes', names);
  assert.deepEqual(made.x, [0, 10]);
  assert.deepEqual(made.lines.map((l) => l.values), [[10, 20], [40, 50]]);
  assert.deepEqual(made.band, { mean: [10, 10], upper: [15, 15], lower: [0, 5] });
});

test('several lines come plain', () => {
  const made = drawn([line('a'), line('b')], { step: 10 }, 'packets', names);
  assert.equal(made.band, null);
  assert.deepEqual(made.lines.map((l) => l.key), ['a', 'b']);
});

test('history letters', () => {
  assert.deepEqual(steps('Sh^?'), [
    { sign: 'S', letter: 's', originator: true },
    { sign: 'h', letter: 'h', originator: false },
    { sign: '^', letter: '^', originator: false },
    { sign: '?', letter: null, originator: false },
  ]);
  assert.equal(mood('REJ'), 'bad');
});

test('passwords', () => {
  const check = (password, hint) => assert.equal(strength(password, 'admin').hint, hint, password);
  check('', 'empty');
  check('short', 'short');
  check('password123', 'plain');
  check('xadminadminx', 'plain');
  check('aaaaaaaaaaaa', 'plain');
  check('correct horse battery', 'strong');
  check('kdjfhwnvbq', 'fair');
});
