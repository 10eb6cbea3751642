import assert from 'node:assert/strict';
import test from 'node:test';
import { load } from '../load.js';

const { fieldOf, tomlOf, faultOf, same, quoted } = await load('lib/settings/toml.ts');
const draft = await load('lib/settings/draft.ts');
const lines = await load('lib/settings/lines.ts');
const { comparison } = await load('lib/settings/compare.ts');

test('values survive the way through the form', () => {
  const cases = [
    ['number', '15', '15'],
    ['number', '1_000', '1000'],
    ['number', '0.35', '0.35'],
    ['flag', 'true', 'true'],
    ['flag', 'false', 'false'],
    ['text', '"a \\"b\\" \\\\ c\\n"', '"a \\"b\\" \\\\ c\\n"'],
    ['text', "'C:\\x'", '"C:\\\\x"'],
    ['text', '"\\u00fc"', '"ü"'],
    ['list', '[]', '[]'],
    ['list', '["10.0.0.0/8", "a, b"]', '["10.0.0.0/8", "a, b"]'],
    ['list', "['x', \"y\",]", '["x", "y"]'],
  ];
  for (const [kind, toml, expected] of cases) assert.equal(tomlOf(kind, fieldOf(kind, toml)), expected, toml);
});

test('what is typed cannot leave its string', () => {
  assert.equal(quoted('a"\n[x]\u0001'), '"a\\"\\n[x]\\u0001"');
  assert.equal(tomlOf('list', ['a"]', ' ', '']), '["a\\"]"]');
});

test('numbers are held against their range', () => {
  const setting = { kind: 'number', range: [3, 64] };
  const cases = [['15', null], ['', 'empty'], ['x', 'number'], ['1e', 'number'], ['2', 'below'], ['65', 'above'], ['3', null], ['64', null]];
  for (const [text, expected] of cases) assert.equal(faultOf(setting, text)?.kind ?? null, expected, text);
  assert.equal(faultOf({ kind: 'number', range: null }, '-5'), null);
  assert.equal(same('number', '60', '60.0'), true);
});

const setting = (key, value, more = {}) => ({ key, value, default: '15', origin: 'default', unit: '', summary: '', range: null, kind: 'number', restart: false, ...more });

test('only what differs is sent', () => {
  const settings = [setting('a.x', '15'), setting('a.y', '20', { origin: 'console' }), setting('a.z', '5')];
  const fields = { 'a.x': '15.0', 'a.y': null, 'a.z': '6' };
  const change = draft.changeOf(settings, [], { fields, hosts: {} }, 7);
  assert.deepEqual(change, { set: [['a.y', null], ['a.z', '6']], hosts: [], version: 7 });
  assert.equal(draft.isEmpty(draft.changeOf(settings, [], draft.emptyDraft(), 7)), true);
  assert.equal(draft.shown(settings[1], { fields, hosts: {} }), '15');
});

test('overrides are sent whole, and only when they differ', () => {
  const before = [{ prefix: '10.0.0.0/8', values: [['ports', '30'], ['window', '60']] }];
  const detectors = [{ id: 'port-scan', hosts: before }];
  const with_ = (hosts) => draft.changeOf([], detectors, { fields: {}, hosts: { 'port-scan': hosts } }, 1).hosts;
  assert.deepEqual(with_([{ prefix: '10.0.0.0/8', values: [['window', '60'], ['ports', '30']] }]), []);
  assert.deepEqual(with_([]), [['port-scan', []]]);
});

test('only what both changed is a conflict', () => {
  const before = [setting('a.x', '1'), setting('a.y', '1')];
  const now = [setting('a.x', '2'), setting('a.y', '1')];
  const change = { set: [['a.x', '3'], ['a.y', '4'], ['gone', '1']], hosts: [], version: 1 };
  assert.deepEqual(draft.conflictsOf(before, now, change), [{ key: 'a.x', before: '1', now: '2', mine: '3' }]);
});

test('keys are shown without their part', () => {
  const cases = [['detect.port-scan.ports', 'ports'], ['port-scan.ports', 'ports'], ['limits.flows', 'flows'], ['alone', 'alone']];
  for (const [key, expected] of cases) assert.equal(draft.shortKey(key), expected, key);
});

test('faults find their lines', () => {
  const cases = [
    ['line 12: no such severity', { line: 12, text: 'no such severity' }],
    ['line 3, column 4: expected a string', { line: 3, text: 'expected a string' }],
    ['pattern `x` (line 9) is too short', { line: 9, text: 'pattern `x` (line 9) is too short' }],
    ['no patterns', { line: null, text: 'no patterns' }],
    ['line 5', { line: 5, text: 'line 5' }],
  ];
  for (const [text, expected] of cases) assert.deepEqual(lines.lineOf(text), expected, text);
  assert.deepEqual(lines.faultsOf({ title: 'Bad', detail: 'too short', place: 'line 4' }), [{ line: 4, text: 'too short' }]);
  assert.deepEqual(lines.faultsOf({ title: 'Bad', errors: [{ field: 'line 2', message: 'a' }, { field: 'x', message: 'line 3: b' }] }), [{ line: 2, text: 'a' }, { line: 3, text: 'b' }]);
  assert.deepEqual([...lines.faultLines([{ line: 2, text: '' }, { line: null, text: '' }])], [2]);
});

test('lines have their place in the text', () => {
  const text = 'ab\n\ncde';
  assert.deepEqual([1, 2, 3, 9].map((line) => lines.lineSpan(text, line)), [[0, 2], [3, 3], [4, 7], [7, 7]]);
  assert.equal(lines.lineCount(text), 3);
});

test('a back-test counts what would be lost', () => {
  const one = (change, before, after) => ({ change, before, after, detector: 'x', title: '', first: '', id: '' });
  const all = comparison({ over: '', range: null, same: 4, notes: [], alerts: [one('gone', 'low', null), one('gone', 'high', null), one('come', null, 'info'), one('changed', 'low', 'high')] });
  assert.deepEqual(all.gone.map((alert) => alert.before), ['high', 'low']);
  assert.deepEqual([all.lost, all.come.length, all.changed.length, all.same], [1, 1, 1, 4]);
});
