import assert from 'node:assert/strict';
import test from 'node:test';
import { load } from '../load.js';

const inbox = await load('lib/alerts/inbox.ts');
const { readFilter, urlOf, apiOf, wants, isFiltered } = await load('lib/alerts/query.ts');
const { changesFor, undoOf, deedsFor } = await load('lib/alerts/handling.ts');

const alert = (id, more = {}) => ({
  kind: 'alert',
  alert: {
    id, source: 1, detector: 'flood', severity: 'high', state: 'open', escalated: false, title: `t ${id}`,
    explanation: '', src: ['10.0.0.1'], src_count: 1, dst: [], dst_count: 0, first: '2026-01-01', last: '2026-01-01', count: 1,
    incident: null, suppressed: null, ...more,
  },
});
const keys = (rows) => rows.map((row) => row.id).join(' ');
const filled = (...items) => inbox.append({ rows: [], waiting: [] }, items);

test('a new row goes to its place, escalated ones first', () => {
  let list = filled(alert('a', { last: '2026-01-03' }), alert('b', { last: '2026-01-01' }));
  list = inbox.take(list, alert('c', { last: '2026-01-02' }), true, false);
  assert.equal(keys(list.rows), 'a c b');
  list = inbox.take(list, alert('d', { escalated: true, last: '2025-01-01' }), true, false);
  assert.equal(keys(list.rows), 'd a c b');
});

test('a row that changes stays where it is', () => {
  const list = inbox.take(filled(alert('a'), alert('b')), alert('b', { count: 9, last: '2027-01-01' }), true, false);
  assert.equal(keys(list.rows), 'a b');
  assert.equal(list.rows[1].count, 9);
});

test('a row that no longer belongs stays until the next load', () => {
  const list = inbox.take(filled(alert('a')), alert('a', { state: 'closed' }), false, false);
  assert.equal(list.rows[0].state, 'closed');
});

test('while the list is held new rows wait, each once', () => {
  let list = filled(alert('a'));
  list = inbox.take(list, alert('b'), true, true);
  list = inbox.take(list, alert('b', { count: 2 }), true, true);
  assert.equal(keys(list.rows), 'a');
  assert.deepEqual(list.waiting.map((row) => row.count), [2]);
  list = inbox.take(list, alert('b', { state: 'closed' }), false, true);
  assert.equal(list.waiting.length, 0);
  list = inbox.release(inbox.take(list, alert('c', { last: '2027-01-01' }), true, true));
  assert.equal(keys(list.rows), 'c a');
  assert.equal(list.waiting.length, 0);
});

test('an alert that joins an incident leaves, rows are limited, pages do not repeat', () => {
  const list = inbox.joined(filled(alert('a'), alert('b')), alert('a').alert);
  assert.equal(keys(list.rows), 'b');
  assert.equal(keys(inbox.append(list, [alert('b'), alert('c')]).rows), 'b c');
  const many = Array.from({ length: inbox.ROWS_MAX + 5 }, (_, nth) => alert(String(nth)));
  assert.equal(filled(...many).rows.length, inbox.ROWS_MAX);
});

test('the cursor stays within the rows', () => {
  const { rows } = filled(alert('a'), alert('b'));
  const [a, b] = rows.map((row) => row.key);
  assert.equal(inbox.stepped(rows, null, 1), a);
  assert.equal(inbox.stepped(rows, a, 1), b);
  assert.equal(inbox.stepped(rows, b, 1), b);
  assert.equal(inbox.stepped(rows, 'gone', -1), a);
  assert.equal(inbox.stepped([], a, 1), null);
});

test('the filter goes to the URL and back, the default is not written', () => {
  const empty = readFilter(new URLSearchParams());
  assert.ok(Object.values(urlOf(empty)).every((value) => value === null));
  assert.equal(isFiltered(empty), false);
  const texts = ['state=closed', 'state=all&severity=info', 'text=a+b&detector=flood', 'address=10.0.0.1&from=-7d&to=now', 'suppressed=true'];
  for (const text of texts) {
    const filter = readFilter(new URLSearchParams(text));
    const back = new URLSearchParams(Object.entries(urlOf(filter)).filter(([, value]) => value !== null));
    assert.deepEqual(readFilter(back), filter, text);
    assert.equal(isFiltered(filter), true, text);
  }
  assert.deepEqual(readFilter(new URLSearchParams('state=nonsense&severity=9')), empty);
  assert.deepEqual(apiOf(empty), { state: 'open,acknowledged', severity: 'medium' });
});

test('news are held against the filter', () => {
  const filter = (text) => readFilter(new URLSearchParams(text));
  const cases = [
    ['', alert('a'), true],
    ['', alert('a', { severity: 'low' }), false],
    ['', alert('a', { state: 'closed' }), false],
    ['', alert('a', { suppressed: 'rule' }), false],
    ['suppressed=true', alert('a', { suppressed: 'rule' }), true],
    ['detector=port-scan', alert('a'), false],
    ['address=10.0.0.1', alert('a'), true],
    ['address=10.0.0.2', alert('a'), false],
    ['text=T+A', alert('a'), true],
    ['text=zebra', alert('a'), false],
    ['to=2026-01-01', alert('a'), false],
    ['to=now', alert('a'), true],
  ];
  for (const [text, item, expected] of cases) assert.equal(wants(filter(text), item), expected, text);
});

test('a change asks once for each source', () => {
  const { rows } = filled(alert('a'), alert('b', { source: 2 }), alert('c'));
  assert.deepEqual(changesFor('close', rows), [
    { source: 1, ids: ['a', 'c'], incidents: [], state: 'closed' },
    { source: 2, ids: ['b'], incidents: [], state: 'closed' },
  ]);
  assert.deepEqual(changesFor('calm', rows.slice(0, 1)), [{ source: 1, ids: ['a'], incidents: [], escalated: false }]);
  assert.equal(changesFor('false-alarm', rows.slice(0, 1), 'own scanner')[0].note, 'own scanner');
});

test('undo brings back each state', () => {
  const before = [
    { id: 'a', state: 'open', escalated: false },
    { id: 'b', state: 'acknowledged', escalated: false },
    { id: 'c', state: 'open', escalated: false },
  ];
  assert.deepEqual(undoOf(1, before), [
    { source: 1, ids: ['a', 'c'], state: 'open', escalated: false },
    { source: 1, ids: ['b'], state: 'acknowledged', escalated: false },
  ]);
});

test('only what makes sense is offered', () => {
  const deeds = (...rows) => deedsFor(rows).join(' ');
  assert.equal(deeds(), '');
  assert.equal(deeds({ state: 'open', escalated: false }), 'acknowledge close false-alarm escalate');
  assert.equal(deeds({ state: 'closed', escalated: true }), 'calm reopen');
  assert.equal(deeds({ state: 'acknowledged', escalated: false }), 'close false-alarm escalate reopen');
});
