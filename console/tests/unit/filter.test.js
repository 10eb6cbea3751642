import { test } from 'node:test';
import assert from 'node:assert/strict';
import { load } from '../load.js';

const { wordAt, words, completions, quoted, termOf, withTerm, chips, charRange } = await load('lib/flows/filter.ts');

const FIELDS = [
  { field: 'src', summary: 'Originator', example: 'src:10.0.0.0/8', values: null },
  { field: 'state', summary: 'How it ended', example: 'state:S0', values: ['S0', 'SF', 'REJ'] },
  { field: 'bytes', summary: 'Bytes of both', example: 'bytes>1M', values: null },
];
const FLOW = {
  src: '10.0.0.1', src_port: 5, dst: '10.0.0.2', dst_port: 443, proto: 'tcp', app: 'tls', conn_state: 'SF',
  orig: { bytes: 10, packets: 1 }, resp: { bytes: 20, packets: 2 }, sni: 'a "b".example',
};

test('words keep quotes together and brackets apart', () => {
  assert.deepEqual(words('(src:1 or name:"a b") x').map((w) => w.text), ['(', 'src:1', 'or', 'name:"a b"', ')', 'x']);
});

test('the word of the cursor', () => {
  const check = (text, cursor, expected) => assert.equal(wordAt(text, cursor).text, expected, `${text} at ${cursor}`);
  check('src:1 app:dns', 2, 'src:1');
  check('src:1 app:dns', 13, 'app:dns');
  check('src:1  app', 6, '');
});

test('fields and values are offered', () => {
  const check = (word, expected) => assert.deepEqual(completions(word, FIELDS).map((c) => c.text), expected, word);
  check('s', ['src:', 'state:']);
  check('state:S', ['state:S0', 'state:SF']);
  check('byt', ['bytes']);
  check('originator', ['src:']);
  check('zzz', []);
});

test('values are quoted where they must be', () => {
  assert.equal(quoted('www.example.org'), 'www.example.org');
  assert.equal(quoted('a b'), '"a b"');
  assert.equal(quoted('a"b\\'), '"a\\"b\\\\"');
});

test('cells become terms', () => {
  const check = (column, expected) => assert.equal(termOf(column, FLOW), expected, column);
  check('src', 'src:10.0.0.1');
  check('dport', 'dport:443');
  check('bytes', 'bytes>=30');
  check('name', 'name:"a \\"b\\".example"');
  check('history', null);
});

test('terms are added once, and to alternatives as a whole', () => {
  assert.equal(withTerm('', 'app:dns'), 'app:dns');
  assert.equal(withTerm('app:dns', 'app:dns'), 'app:dns');
  assert.equal(withTerm('app:dns', 'src:1', true), 'app:dns not src:1');
  assert.equal(withTerm('app:dns or app:tls', 'src:1'), '(app:dns or app:tls) src:1');
});

test('a filter that contains the excluded term can still be narrowed', () => {
  assert.equal(withTerm('not app:dns', 'app:tls'), 'not app:dns app:tls');
});

test('chips only for terms side by side', () => {
  assert.deepEqual(chips('src:1 not app:dns'), ['src:1', 'not app:dns']);
  assert.deepEqual(chips(''), []);
  assert.equal(chips('a or b'), null);
  assert.equal(chips('(a b)'), null);
});

test('byte offsets of an error become places in the text', () => {
  assert.deepEqual(charRange('äö x:1', 5, 8), [3, 6]);
  assert.deepEqual(charRange('abc', 3, 3), [3, 4]);
});
