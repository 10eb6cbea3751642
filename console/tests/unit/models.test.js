import { test } from 'node:test';
import assert from 'node:assert/strict';
import { load } from '../load.js';

const form = await load('lib/models/form.ts');
const mapping = await load('lib/models/mapping.ts');
const curve = await load('lib/models/curve.ts');
const { en } = await load('lib/i18n/en.ts');

const fault = (change) => form.faultsOf({ ...form.EXAMPLES[0], ...change });

test('examples are records without a fault', () => {
  for (const example of form.EXAMPLES) assert.deepEqual(form.faultsOf(example), {});
});

test('an empty form has a fault for each field, with words', () => {
  const faults = form.faultsOf(form.EMPTY);
  assert.deepEqual(Object.keys(faults), form.FIELDS.map((field) => field.name));
  for (const key of Object.values(faults)) assert.ok(key in en, key);
});

test('what is wrong with a field', () => {
  const check = (name, value, expected) => assert.equal(fault({ [name]: value })[name], expected && `models.fault.${expected}`, `${name} ${value}`);
  for (const address of ['10.0.0.1', ' 10.0.0.1 ', 'fd00::10', '::1', '2001:db8::203.0.113.5']) check('source_ip', address, undefined);
  for (const address of ['10.0.0', '10.0.0.256', '010.0.0.1', 'fd00::1::2', 'host', '1.2.3.4/8', 'gggg::', '[::1]']) check('source_ip', address, 'address');
  check('packet_size', '65535', undefined);
  check('packet_size', '65536', 'large');
  check('packet_size', '-1', 'negative');
  check('packet_size', '1.5', 'whole');
  check('packet_size', '1e3', 'number');
  check('bytes_sent', '1000000000000000000', undefined);
  check('bytes_sent', '9000000000000000000', 'large');
  check('bytes_received', 'many', 'number');
  check('protocol', 'SCTP', 'missing-choice');
});

test('only TCP needs a flag', () => {
  assert.equal(fault({ protocol: 'TCP', flag: '' }).flag, 'models.fault.missing-choice');
  assert.equal(fault({ protocol: 'UDP', flag: '' }).flag, undefined);
  assert.equal(fault({ protocol: 'ICMP', flag: '' }).flag, undefined);
  assert.ok(!('flag' in form.recordOf({ ...form.EXAMPLES[0], protocol: 'UDP', flag: '' })));
});

test('a record goes into the form and out again', () => {
  assert.deepEqual(form.valuesOf(form.recordOf(form.EXAMPLES[1])), form.EXAMPLES[1]);
  assert.equal(form.valuesOf({ packet_size: 60 }).packet_size, '60');
});

const SCHEMA = {
  id: 'form',
  title: 'Record',
  columns: [
    { name: 'source_ip', kind: 'address', summary: '', optional: false },
    { name: 'bytes_sent', kind: 'number', summary: '', optional: false },
    { name: 'flag', kind: 'category', summary: '', optional: true },
  ],
  labels: ['is_anomaly', 'kind'],
};
const file = (columns, guess = { schema: null, mapping: {} }) => ({ id: '1', name: 'x.csv', bytes: 1, columns, preview: [], guess, faults: [], rows: 1 });

test('columns are mapped by the guess, then by their names, each once', () => {
  const guess = { schema: null, mapping: { source_ip: 'from' } };
  const found = mapping.firstMapping(SCHEMA, file(['from', 'Bytes Sent', 'is-anomaly'], guess));
  assert.deepEqual(found, { source_ip: 'from', bytes_sent: 'Bytes Sent', is_anomaly: 'is-anomaly' });
  const stale = mapping.firstMapping(SCHEMA, file(['source_ip'], { schema: null, mapping: { source_ip: 'gone' } }));
  assert.deepEqual(stale, { source_ip: 'source_ip' });
});

test('what a mapping lacks', () => {
  const fields = mapping.fieldsOf(SCHEMA, null);
  assert.deepEqual(fields.map((field) => [field.name, field.label, field.optional]), [
    ['source_ip', false, false],
    ['bytes_sent', false, false],
    ['flag', false, true],
    ['is_anomaly', true, false],
    ['kind', true, true],
  ]);
  assert.deepEqual(mapping.gapsOf(fields, { source_ip: 'a', bytes_sent: 'a' }), { missing: ['is_anomaly'], twice: ['a'] });
  assert.deepEqual(mapping.gapsOf(fields, { source_ip: 'a', bytes_sent: 'b', is_anomaly: 'c' }), { missing: [], twice: [] });
});

test('of any table the columns are features, the label apart', () => {
  const own = { id: 'mapped', title: 'Own', columns: [] };
  const guess = { schema: 'mapped', mapping: { size: 'size', label: 'class', normal: 'benign' } };
  const fields = mapping.fieldsOf(own, file(['size', 'class'], guess));
  assert.deepEqual(fields.map((field) => [field.name, field.label, field.optional]), [['size', false, true], ['label', true, false]]);
  assert.deepEqual(mapping.firstMapping(own, file(['size', 'class'], guess)), { size: 'size', label: 'class' });
});

test('curves begin at the bottom left', () => {
  assert.equal(curve.pathOf([[0, 0], [0.5, 1], [1, 1]], 200), 'M0 200L100 0L200 0');
  assert.equal(curve.pathOf([], 200), '');
  assert.equal(curve.pathOf([[-1, 2]], 200), 'M0 0', 'nothing is drawn outside');
  const many = Array.from({ length: 200 }, (_, n) => n);
  assert.deepEqual(curve.thinned(many, 3), [0, 100, 199]);
  assert.deepEqual(curve.thinned([1, 2], 3), [1, 2]);
});

test('cells of the matrix are shares of what records were', () => {
  const cells = curve.cellsOf({ confusion: { tp: 90, fn: 10, fp: 5, tn: 95 } });
  assert.deepEqual([cells.tp.share, cells.fn.share, cells.fp.share, cells.tn.share], [0.9, 0.1, 0.05, 0.95]);
  assert.equal(curve.cellsOf({ confusion: { tp: 0, fn: 0, fp: 0, tn: 0 } }).tp.share, 0);
});

test('fewer false alarms are better, more of all else', () => {
  assert.ok(curve.isBetter('fpr', -0.1) && !curve.isBetter('fpr', 0.1));
  assert.ok(curve.isBetter('recall', 0.1) && !curve.isBetter('recall', -0.1));
});
