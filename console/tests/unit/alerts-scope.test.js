import assert from 'node:assert/strict';
import test from 'node:test';
import { load } from '../load.js';

const { partsOf, scopeOf, faultOf, isNetwork, widenings, entriesOf, ruleTime } =
  await load('lib/alerts/scope.ts');

const alert = (more) => ({
  detector: 'brute-force', technique: 'smb', src: ['10.0.0.5'], src_count: 1,
  dst: ['10.0.0.9'], dst_count: 1, dst_ports: [445], dst_port_count: 1, ...more,
});

test('the scope begins with detector, source, destination and port', () => {
  assert.deepEqual(scopeOf(partsOf(alert())), {
    detector: 'brute-force', src: '10.0.0.5', dst: '10.0.0.9', port: 445,
  });
});

test('what an alert has several of is no part', () => {
  const many = alert({ src: ['10.0.0.5', '10.0.0.6'], src_count: 2, dst: ['10.0.0.9'], dst_count: 300, dst_ports: [1, 2] });
  assert.deepEqual(scopeOf(partsOf(many)), { detector: 'brute-force' });
  const bare = alert({ src: [], dst: undefined, dst_ports: undefined, dst_port_count: undefined, technique: '' });
  assert.deepEqual(partsOf(bare).map(({ part }) => part), ['detector']);
});

test('ticking widens and narrows', () => {
  const parts = partsOf(alert()).map((part) => ({ ...part, on: part.part === 'technique' || part.part === 'port' }));
  assert.deepEqual(scopeOf(parts), { technique: 'smb', port: 445 });
});

test('what is wrong with a scope is said', () => {
  const one = (part, value) => [{ part, value, on: true }];
  const cases = [
    [[], 'empty'],
    [[{ part: 'src', value: '10.0.0.5', on: false }], 'empty'],
    [one('src', '10.0.0.0/24'), null],
    [one('src', '10.0.0.0/33'), 'src'],
    [one('dst', 'host.example'), 'dst'],
    [one('dst', '2001:db8::/32'), null],
    [one('port', '0'), null],
    [one('port', '65536'), 'port'],
    [one('port', '1.5'), 'port'],
  ];
  for (const [parts, expected] of cases) assert.equal(faultOf(parts), expected, JSON.stringify(parts));
});

test('networks as people type them', () => {
  for (const good of ['10.0.0.5', '10.0.0.0/8', '::1', '2001:db8::/129'.replace('129', '128')]) assert.ok(isNetwork(good), good);
  for (const bad of ['', '10.0.0', '10.0.0.256', '10.0.0.0/', 'a.b.c.d', '10.0.0.0/33', '2001:db8::/129']) assert.ok(!isNetwork(bad), bad);
});

test('an address may be widened to its networks', () => {
  assert.deepEqual(widenings('10.1.2.3'), ['10.1.2.3', '10.1.2.0/24', '10.1.0.0/16']);
  assert.deepEqual(widenings('2001:db8:1:2:3::5'), ['2001:db8:1:2:3::5', '2001:db8:1:2::/64']);
  assert.deepEqual(widenings('fe80::1'), ['fe80::1', 'fe80:0:0:0::/64']);
});

test('rules tell their times either way', () => {
  assert.equal(ruleTime({ scope: {}, reason: '', expires_ns: 1_700_000_000_000_000_000 }, 'expires').getTime(), 1_700_000_000_000);
  assert.equal(ruleTime({ scope: {}, reason: '', expires: '2026-01-01T00:00:00Z' }, 'expires').getTime(), Date.UTC(2026, 0, 1));
  assert.equal(ruleTime({ scope: {}, reason: '', created_ns: null }, 'created'), null);
});

test('entries of a scope come in one order', () => {
  assert.deepEqual(entriesOf({ port: 0, src: '10.0.0.0/8', detector: 'x' }), [['detector', 'x'], ['src', '10.0.0.0/8'], ['port', '0']]);
});
